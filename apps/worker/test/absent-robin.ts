import { createRobinClient, type RobinClient } from "@robin/sdk";

/** For handlers that never ask it: nothing listens there. */
export function absentRobin(): RobinClient {
  return createRobinClient({ clientApi: { url: "http://127.0.0.1:1" }, serviceApi: { url: "http://127.0.0.1:1" } });
}
