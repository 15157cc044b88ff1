import { errorBody, type LiveStream } from "@robin/api";
import type { Request } from "express";
import type { AppResponse } from "../request-context.ts";
import { Pump } from "./pump.ts";

/** Proxies close a connection that is silent for a minute or so. */
const keepAliveMs = 15_000;
const comment = Buffer.from(":\n\n");
/** A reader that takes nothing for so long is given up. */
const stalledTicksMax = 4;

/** When clients of a gateway that restarts come back: not all at once. */
const retryMsMin = 1000;
const retryMsSpread = 4000;

/** The last message that the client has seen comes as a header, or as a field of the query. */
export function withLastEventId(req: Request): Record<string, unknown> {
  const header = req.headers["last-event-id"];
  return { ...req.query, ...(typeof header === "string" && header !== "" && { lastEventId: header }) };
}

/** Sends what is watched as server-sent events, until one of the two ends it. */
export function sendEvents(req: Request, res: AppResponse, stream: LiveStream): void {
  res.status(200).set({
    "content-type": "text/event-stream; charset=utf-8",
    // Nothing on the way may wait for more, as compression does.
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  if (req.method === "HEAD" || res.closed) {
    stream.close();
    res.end();
    return;
  }
  res.flushHeaders();
  res.write(`retry: ${retryMsMin + Math.round(Math.random() * retryMsSpread)}\n\n`);
  const sink = {
    waitingBytes: () => res.writableLength,
    send: ({ serverSentEvent }: { serverSentEvent: Buffer }) => void res.write(serverSentEvent),
  };
  const pump = new Pump(stream.feed, sink, stream.after);
  const unwatch = stream.feed.watch(() => {
    pump.run();
  });
  let stalledTicks = 0;
  const keepAlive = setInterval(() => {
    stalledTicks = res.writableLength > 0 ? stalledTicks + 1 : 0;
    if (stalledTicks > stalledTicksMax) res.destroy();
    else if (stalledTicks === 0) res.write(comment);
  }, keepAliveMs);
  const stop = (): void => {
    clearInterval(keepAlive);
    pump.stop();
    unwatch();
    stream.close();
  };
  res.on("drain", () => {
    pump.run();
  });
  res.once("close", stop);
  stream.onEnd((reason) => {
    stop();
    // Not `error`, which browsers have for a broken connection.
    const event = `event: end\ndata: ${JSON.stringify(errorBody(reason, res.locals.requestId))}\n\n`;
    res.end(event);
  });
  pump.run();
}
