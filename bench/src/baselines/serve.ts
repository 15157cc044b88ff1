import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Listens on a free port of 127.0.0.1, tells the parent, and ends with it. */
export function serve(listener: RequestListener): void {
  const server = createServer(listener).listen(0, "127.0.0.1", () => {
    process.send?.({ ready: true, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  for (const event of ["SIGTERM", "disconnect"]) process.once(event, () => process.exit());
}

export function preparedAnswer(): { status: number; headers: string[]; body: Buffer } {
  const { status, headers, body } = JSON.parse(process.argv[2] ?? "{}") as {
    status: number;
    headers: string[];
    body: string;
  };
  return { status, headers, body: Buffer.from(body, "base64") };
}
