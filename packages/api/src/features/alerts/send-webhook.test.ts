import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { sendWebhook } from "./send-webhook.ts";
import { isPublic, publicLookup, urlProblem } from "./webhook-target.ts";

const message = { id: "1", event: "TEST", body: "{}", secret: "s".repeat(16), at: new Date() } as const;
const open = { allowPrivate: true };
const closed = { allowPrivate: false };

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function receiver(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => {
    answer(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("sendWebhook", () => {
  it("waits for an answer no longer than it is told", async () => {
    const url = await receiver(() => undefined);
    expect(await sendWebhook({ ...message, url }, open, 50)).toEqual({
      ok: false,
      error: "No answer in 0.05 seconds.",
    });
  });

  it("does not read an answer that has no end", async () => {
    const url = await receiver((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x".repeat(65_536)), 1);
      response.on("close", () => {
        clearInterval(timer);
      });
    });
    expect(await sendWebhook({ ...message, url }, open)).toEqual({ ok: true, status: 200 });
  });

  it("names the reason of a broken connection, without the URL", async () => {
    const url = await receiver((response) => response.socket?.destroy());
    const result = await sendWebhook({ ...message, url: `${url}?token=hidden` }, open);
    expect(result).toEqual({ ok: false, error: "The connection failed (ECONNRESET)." });
  });
});

describe("urlProblem", () => {
  it.each([
    ["ftp://example.com", "is not an https URL"],
    ["example.com", "is not an https URL"],
    ["https://user:password@example.com", "has credentials in it"],
    ["https://example.com/#x", "has a fragment"],
    ["http://example.com", "is not an https URL"],
    ["https://localhost", "is a private address"],
    ["https://hook.localhost./", "is a private address"],
    ["https://127.0.0.1", "is a private address"],
    ["https://2130706433", "is a private address"],
    ["https://0x7f.1", "is a private address"],
    ["https://0.0.0.0", "is a private address"],
    ["https://169.254.169.254", "is a private address"],
    ["https://100.64.0.1", "is a private address"],
    ["https://[::1]", "is a private address"],
    ["https://[::ffff:192.168.0.1]", "is a private address"],
    ["https://[fd00::1]", "is a private address"],
    ["https://[64:ff9b::7f00:1]", "is a private address"],
  ])("%s %s", (url, problem) => {
    expect(urlProblem(url, closed)).toContain(problem);
  });

  it("takes https with a public address or a name, and more where it is allowed", () => {
    expect(urlProblem("https://hooks.example.com/x?y=z", closed)).toBeUndefined();
    expect(urlProblem("https://8.8.8.8:8443", closed)).toBeUndefined();
    expect(urlProblem("http://10.0.0.1:8080", open)).toBeUndefined();
    expect(urlProblem("http://user:password@10.0.0.1", open)).toContain("credentials");
  });
});

it("a name with private addresses only is not connected to", async () => {
  const lookedUp = (policy: { allowPrivate: boolean }) =>
    new Promise((resolve, reject) => {
      publicLookup(policy)("localhost", { all: true }, (error, addresses) => {
        if (error) reject(error);
        else resolve(addresses);
      });
    });
  await expect(lookedUp(closed)).rejects.toThrow("private addresses only");
  expect(await lookedUp(open)).not.toEqual([]);
});

it("an address is public unless it is of a reserved range", () => {
  expect(["8.8.8.8", "2606:4700::1111"].filter(isPublic)).toHaveLength(2);
  expect(
    ["10.1.2.3", "172.16.0.1", "224.0.0.1", "255.255.255.255", "fe80::1", "ff02::1", "::", "x"].filter(isPublic),
  ).toEqual([]);
});
