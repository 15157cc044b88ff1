import { describe, expect, it } from "vitest";
import { createManualClock } from "../clock.ts";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

async function send(robin: RobinSimulator, robinCase: object): Promise<void> {
  const body = JSON.stringify({ port: 2525, ehlo: "client.test", ...robinCase });
  const answer = await sendRaw(robin.clientUrl, { method: "POST", target: "/client/send", body });
  expect(answer?.status).toBe(200);
}

const envelope = { mail: "a@example.com", rcpt: ["b@Example.com", "nouser@x"], subject: "Hi", message: "Body" };

describe("mail that Robin sends to itself", () => {
  it("lies in the mailbox of each recipient that was accepted, as Robin writes it", async () => {
    const robin = await startSimulator({ clock: createManualClock(noon) });
    await send(robin, { envelopes: [envelope] });
    const [path = "", ...others] = robin.store.files();
    expect(others).toEqual([]);
    expect(path).toMatch(/^Example\.com\/b\/new\/20261123\.[0-9a-f-]{36}\.eml$/);
    const uid = path.split(".").at(-2) ?? "";
    const lines = robin.store.read(path)?.toString("utf8").split("\r\n") ?? [];
    expect(lines.slice(0, 6)).toEqual([
      "Received: from client.test (127.0.0.1 [127.0.0.1])",
      "    by 127.0.0.1 (RobinMTA)",
      "    with ESMTP",
      `    id ${uid}`,
      "    for <b@Example.com>;",
      "    Mon, 23 Nov 2026 12:00:00 +0000",
    ]);
    expect(lines.slice(6)).toEqual([
      "MIME-Version: 1.0",
      expect.stringMatching(/^Message-ID: <.*@example\.com>$/),
      "Date: Mon, 23 Nov 2026 12:00:00 +0000",
      "From: <a@example.com>",
      "To: <b@Example.com>, <nouser@x>",
      "Subject: Hi",
      "Content-Type: text/plain",
      "Content-Transfer-Encoding: 8bit",
      "",
      "Body",
    ]);
  });

  it("trap 35: overwrites earlier mail of the session on disk, while RocksDB keeps all of it", async () => {
    const robin = await startSimulator();
    await send(robin, { envelopes: [{ ...envelope, repeat: 2 }] });
    expect(robin.store.files()).toHaveLength(1);
    const answer = await sendRaw(robin.clientUrl, { target: "/store-rocksdb/example.com/b" });
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ folders: [{ path: "Inbox", total: 3, unread: 3 }, {}] });
  });

  it("is the upload under a Received header", async () => {
    const robin = await startSimulator();
    const target = "/client/send?mail=a@x&rcpt=b@x";
    const headers = { "Content-Type": "message/rfc822" };
    await sendRaw(robin.clientUrl, { method: "POST", target, headers, body: "Subject: Hi\r\n\r\nBody\r\n" });
    const received = robin.store.files().filter((path) => path.startsWith("x/b/new/"));
    expect(received).toHaveLength(1);
    expect(robin.store.read(received[0] ?? "")?.toString("utf8")).toMatch(
      /^Received: from .*\r\nSubject: Hi\r\n\r\nBody\r\n$/s,
    );
  });

  it("stays away when it goes to another server or is refused, and from recipients that no folder can hold", async () => {
    const robin = await startSimulator();
    await send(robin, { port: 25, envelopes: [envelope] });
    await send(robin, { mx: ["mx.example.com"], envelopes: [envelope] });
    await send(robin, { envelopes: [{ ...envelope, rcpt: ["nouser@x"] }] });
    await send(robin, { envelopes: [{ ...envelope, rcpt: ["b", "a..b@x", "../c@x", "@x"] }] });
    expect(robin.store.files()).toEqual([]);
  });
});
