import { json, text, withServerErrors } from "../http/answer.ts";
import { JavaError } from "../java/java-error.ts";
import type { Answer } from "../http/answer.ts";
import { parseGson } from "../java/gson-reader.ts";
import type { GsonMap, GsonValue } from "../java/gson-reader.ts";
import { castList, castString } from "../java/java-casts.ts";
import type { SimulatedQueue } from "./queue.ts";
import type { RouteContext } from "../http/route-context.ts";

interface Mutation {
  readonly counter: string;
  readonly apply: (queue: SimulatedQueue, uid: string) => boolean;
  /** Turns the `uids` of a request into the UIDs to visit. */
  readonly readList: (uids: GsonValue[] | null) => Iterable<GsonValue>;
}

/** Delete visits each UID once and takes null for an empty list. */
const distinctUids = (uids: GsonValue[] | null): Iterable<GsonValue> => new Set(uids ?? []);

/** Retry and bounce visit a UID that is listed twice two times, and fail on null. */
const repeatedUids = (uids: GsonValue[] | null): Iterable<GsonValue> => {
  if (uids === null) throw new JavaError('Cannot invoke "java.util.Collection.toArray()" because "c" is null');
  return uids;
};

export const deleteItems = mutate({
  counter: "deletedCount",
  apply: (queue, uid) => queue.remove(uid),
  readList: distinctUids,
});
export const retryItems = mutate({
  counter: "retriedCount",
  apply: (queue, uid) => queue.retryNow(uid),
  readList: repeatedUids,
});
export const bounceItems = mutate({
  counter: "bouncedCount",
  apply: (queue, uid) => queue.markDead(uid, "Bounced by admin endpoint"),
  readList: repeatedUids,
});

function mutate(mutation: Mutation): (context: RouteContext) => Promise<Answer> {
  return ({ readText, queue }) =>
    withServerErrors(async () => {
      const body = await readText();
      if (body.trim() === "") return text(400, "Empty request body");
      const payload = parseGson(body);
      if (payload === null) return text(400, "Invalid JSON body");
      if (!payload.has("uid") && !payload.has("uids")) return text(400, "Missing 'uid' or 'uids' parameter");

      let count = 0;
      for (const entry of readUids(payload, mutation)) {
        // Cast one by one: a number in the list is a 500 after the entries before it took effect.
        const uid = castString(entry);
        if (uid !== null && mutation.apply(queue, uid)) count += 1;
      }
      return json(200, JSON.stringify({ queueSize: queue.size, [mutation.counter]: count, status: "OK" }));
    });
}

function readUids(payload: GsonMap, mutation: Mutation): Iterable<GsonValue> {
  return payload.has("uid") ? [payload.get("uid") ?? null] : mutation.readList(castList(payload.get("uids") ?? null));
}
