import { jsonBody } from "../parsing.ts";
import type { CallOptions, Transport } from "../transport.ts";
import { parseConfigPage } from "./config.html.ts";
import { ConfigReload, ConfigSyncAnswer, type ConfigSection, type ConfigSyncStatus } from "./config.schemas.ts";

/**
 * Robin's configuration, on its service port. Every method rejects with RobinError; `sections` and `syncStatus` are
 * tried again once on a broken connection.
 */
export interface ConfigResource {
  /**
   * What Robin holds in memory: `properties`, `server`, then the other files that are there, in Robin's order.
   * Passwords and tokens are in it in clear: mask them before they travel on. The server section contains the other
   * files that were used since the last reload. A file with broken syntax is a 500 once, and then missing or empty.
   * `GET /config`, an HTML page.
   */
  sections(options?: CallOptions): Promise<ConfigSection[]>;
  /**
   * Asks Robin to read its files again. It resolves even when nothing was, or could be, reloaded: Robin says OK to
   * broken files and when auto-reload is off in its properties. Compare `sections` to know. Ports, authentication,
   * listeners and the queue's backend change only with a restart. Takes up to 20 s, hence a deadline of 30 s unless
   * `timeoutMs` says otherwise. `POST /config/reload`.
   */
  reload(options?: CallOptions): Promise<void>;
  /** The state of the optional configuration store. `GET /config/sync/status`. */
  syncStatus(options?: CallOptions): Promise<ConfigSyncStatus>;
}

const reloadTimeoutMs = 30_000;

export function createConfigResource(transport: Transport): ConfigResource {
  const json = "application/json";
  return {
    sections: (options) =>
      transport.call(
        {
          service: "service",
          method: "GET",
          endpoint: "/config",
          mediaType: "text/html",
          large: true,
          // A broken file, not a broken Robin.
          answeredErrors: [500],
          parse: (body) => parseConfigPage(body.toString("utf8")),
        },
        options,
      ),
    reload: (options) =>
      transport.call(
        {
          service: "service",
          method: "POST",
          endpoint: "/config/reload",
          mediaType: json,
          parse: (body) => {
            jsonBody(ConfigReload)(body);
          },
        },
        { ...options, timeoutMs: options?.timeoutMs ?? reloadTimeoutMs },
      ),
    syncStatus: (options) =>
      transport.call(
        {
          service: "service",
          method: "GET",
          endpoint: "/config/sync/status",
          mediaType: json,
          parse: jsonBody(ConfigSyncAnswer),
        },
        options,
      ),
  };
}
