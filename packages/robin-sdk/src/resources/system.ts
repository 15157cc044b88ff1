import type { CallOptions, Transport } from "../transport.ts";
import type { SystemEntry, SystemThread } from "./system.schemas.ts";
import { parseSystemEntries, parseThreads } from "./system.text.ts";

/**
 * A look inside Robin's process, on its service port. Every method rejects with RobinError and is tried again once on
 * a broken connection. There is no method for `/system/heapdump`, see docs/adr/0006-no-heap-dump.md.
 */
export interface SystemResource {
  /** Environment variables, unsorted, secrets in clear: mask them before they travel on. `GET /system/env`. */
  env(options?: CallOptions): Promise<SystemEntry[]>;
  /** Java's system properties, likewise. `GET /system/props`. */
  properties(options?: CallOptions): Promise<SystemEntry[]>;
  /** All threads with their stacks. `GET /system/threads`. */
  threads(options?: CallOptions): Promise<SystemThread[]>;
}

export function createSystemResource(transport: Transport): SystemResource {
  function read<T>(endpoint: string, parse: (text: string) => T, options: CallOptions | undefined): Promise<T> {
    return transport.call(
      {
        service: "service",
        method: "GET",
        endpoint,
        mediaType: "text/plain",
        large: true,
        parse: (body) => parse(body.toString("utf8")),
      },
      options,
    );
  }
  return {
    env: (options) => read("/system/env", parseSystemEntries, options),
    properties: (options) => read("/system/props", parseSystemEntries, options),
    threads: (options) => read("/system/threads", parseThreads, options),
  };
}
