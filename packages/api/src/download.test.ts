import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { throughDisk } from "./download.ts";
import type { AppError } from "./errors.ts";

const chunkBytes = 64 * 1024;

/** Gives `chunks` numbered chunks at once, then what `end` does. */
function sourceOf(chunks: number, end: (controller: ReadableStreamDefaultController<Uint8Array>) => void) {
  let given = 0;
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (given === chunks) end(controller);
        else controller.enqueue(new Uint8Array(chunkBytes).fill((given += 1) % 256));
      },
      cancel: (reason: unknown) => {
        cancelled = reason ?? "cancelled";
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, given: () => given, cancelled: () => cancelled };
}

const close = (controller: ReadableStreamDefaultController<Uint8Array>) => {
  controller.close();
};

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

describe("throughDisk", () => {
  it("gives the same bytes, also none", async () => {
    const bytes = await bytesOf(await throughDisk(sourceOf(40, close).stream));
    const expected = Buffer.concat(Array.from({ length: 40 }, (_, index) => Buffer.alloc(chunkBytes, index + 1)));
    expect(bytes.equals(expected)).toBe(true);
    expect(await bytesOf(await throughDisk(sourceOf(0, close).stream))).toHaveLength(0);
  });

  it("takes everything from the source while nobody reads", async () => {
    const source = sourceOf(400, close);
    const stream = await throughDisk(source.stream);
    await expect.poll(source.given, { timeout: 20_000 }).toBe(400);
    expect((await bytesOf(stream)).length).toBe(400 * chunkBytes);
  });

  it("hands on the source's failure after what came before it", async () => {
    const failing = sourceOf(3, (controller) => {
      controller.error(new Error("Robin has gone"));
    });
    const reader = (await throughDisk(failing.stream)).getReader();
    let bytes = 0;
    const reading = (async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length;
    })();
    await expect(reading).rejects.toThrow("Robin has gone");
    expect(bytes).toBe(3 * chunkBytes);
  });

  it("ends the source when its reader goes, also before the first byte", async () => {
    const waiting = () => undefined;
    const early = sourceOf(0, waiting);
    await (await throughDisk(early.stream)).cancel();
    expect(early.cancelled()).toBe("cancelled");

    const late = sourceOf(5, waiting);
    const reader = (await throughDisk(late.stream)).getReader();
    await reader.read();
    await reader.cancel();
    expect(late.cancelled()).toBe("cancelled");
  });

  it("refuses a new one while too much waits for slow readers, and takes it when that was read or given up", async () => {
    const limit = 10 * chunkBytes;
    const slow = await throughDisk(sourceOf(8, close).stream, limit);
    const gone = await throughDisk(sourceOf(8, close).stream, limit);
    const late = sourceOf(1, close);
    const refused = () => throughDisk(sourceOf(1, close).stream, limit).then((stream) => stream.cancel());
    await expect.poll(() => refused().catch((error: unknown) => (error as AppError).code)).toBe("rate_limited");
    await expect(throughDisk(late.stream, limit)).rejects.toMatchObject({ retryAfterSeconds: 10 });
    expect(late.cancelled()).toBe("cancelled");
    await bytesOf(slow);
    await gone.cancel();
    expect(await bytesOf(await throughDisk(sourceOf(1, close).stream, 0))).toHaveLength(chunkBytes);
  });

  it("leaves nothing in the folder of temporary files while it runs", async () => {
    const stream = await throughDisk(sourceOf(5, close).stream);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith("robin-gateway-"))).toEqual([]);
    await bytesOf(stream);
  });
});
