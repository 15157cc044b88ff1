import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./harness.ts";
import { failureOf, streamingClient, trpcClient } from "./trpc-client.ts";

const path = "/example.com/tony/new/20260821.a.eml";
const raw = `/api/v1/storage/raw?path=${path}`;

/** A Robin that gives a mail as the test says. */
let robin: Server;
let answer: (res: ServerResponse) => void;
let calls = 0;
let gateway: TestGateway;
let token: string;

beforeAll(async () => {
  robin = createServer((_req, res) => {
    calls += 1;
    answer(res);
  });
  await new Promise<void>((resolve) => robin.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(robin.address() as AddressInfo).port}`;
  gateway = await startTestGateway({ robin: { clientApi: { url } } });
  token = (await gateway.signIn("ROLE_OPERATOR")).token;
});
afterAll(async () => {
  await gateway.close();
  robin.closeAllConnections();
  await new Promise((resolve) => robin.close(resolve));
});
beforeEach(() => {
  calls = 0;
  answer = (res) => res.setHeader("content-type", "text/plain").end("Subject: Lunch\r\n\r\nAt noon?\r\n");
});

async function open(): Promise<IncomingMessage> {
  const sent = request(gateway.url + raw, { headers: { authorization: `Bearer ${token}` } }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

describe("a download", () => {
  it("200 with its type and name, and the same head alone for HEAD", async () => {
    const whole = await gateway.request(raw, { token });
    expect(whole.status).toBe(200);
    expect(whole.text).toBe("Subject: Lunch\r\n\r\nAt noon?\r\n");
    expect(whole.headers.get("content-type")).toBe("message/rfc822");
    expect(whole.headers.get("content-disposition")).toBe("attachment; filename=20260821.a.eml");
    expect(whole.headers.get("cache-control")).toBe("no-store");

    const head = await gateway.request(raw, { token, method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.text).toBe("");
    for (const name of ["content-type", "content-disposition", "cache-control"])
      expect(head.headers.get(name), name).toBe(whole.headers.get(name));
  });

  it("breaks the connection when Robin breaks off in the middle, so that nobody takes a part for the whole", async () => {
    answer = (res) => {
      res.writeHead(200, { "content-type": "text/plain", "content-length": 1_000_000 });
      res.write("x".repeat(500_000), () => res.destroy());
    };
    const response = await open();
    let bytes = 0;
    const reading = (async () => {
      for await (const part of response) bytes += (part as Buffer).length;
    })();
    await expect(reading).rejects.toThrow("aborted");
    expect(bytes).toBeLessThan(1_000_000);
  });

  it("ends the call to Robin when the caller leaves in the middle", async () => {
    const ended = new Promise((resolve) => {
      answer = (res) => {
        res.once("close", resolve).writeHead(200, { "content-type": "text/plain", "content-length": 1_000_000 });
        res.write("x".repeat(500_000));
      };
    });
    const response = await open();
    response.destroy();
    await ended;
    answer = (res) => res.setHeader("content-type", "text/plain").end("next");
    expect((await gateway.request(raw, { token })).text).toBe("next");
  });

  it("415 over tRPC without streaming, and Robin is not asked", async () => {
    const failure = await failureOf(trpcClient(gateway, token).storage.raw.query({ path }));
    expect(failure).toMatchObject({ httpStatus: 415, appCode: "unsupported_media_type" });
    expect(failure.message).toContain("httpBatchStreamLink");
    expect(calls).toBe(0);
  });

  it("gives the same over tRPC with streaming, also where it is written as text", async () => {
    const admin = await gateway.signIn("ROLE_ADMIN");
    const query = { format: "csv" as const, action: "auth.login" };
    const parts: Uint8Array[] = [];
    for await (const part of await streamingClient(gateway, admin.token).audit.export.query(query)) parts.push(part);
    const { text } = await gateway.request("/api/v1/audit/export?format=csv&action=auth.login", { token: admin.token });
    expect(Buffer.concat(parts).toString()).toBe(text);
    expect(text).toContain("auth.login");
  });

  it("403 over tRPC without the permission, whatever the link", async () => {
    const user = await gateway.signIn("ROLE_USER");
    const failure = await failureOf(trpcClient(gateway, user.token).storage.raw.query({ path }));
    expect(failure).toMatchObject({ httpStatus: 403, appCode: "forbidden" });
  });
});
