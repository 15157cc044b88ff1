import path from "node:path";
import { bundleIfNeeded, nodeFlags, nodeVariables } from "../../../scripts/bundle.ts";

/** How Node starts the gateway. */
export interface GatewayProgram {
  kind: "bundle" | "sources";
  /** Flags and the file. */
  args: string[];
  env: Record<string, string>;
  cwd: string;
}

const root = path.join(import.meta.dirname, "../../..");

/** As a user runs it, which is the bundle; made first where it is not there yet. */
export async function gatewayProgram({ sources }: { sources: boolean }): Promise<GatewayProgram> {
  const file = sources ? "apps/gateway/src/main.ts" : (await bundleIfNeeded()).gateway;
  return { kind: sources ? "sources" : "bundle", args: [...nodeFlags, file], env: nodeVariables, cwd: root };
}
