import type { Events } from "@robin/events";

/** Answers of procedures that are true for a while, kept in this process. */
export interface AnswerCache {
  /** What is kept under these tags is no longer true: in this process at once, in the others as soon as they hear of it. */
  invalidate(tags: readonly string[]): Promise<void>;
}

export function createAnswerCache({ events }: { events: Events }): AnswerCache {
  return {
    invalidate: (tags) => events.publish("cache.invalidate", { tags }),
  };
}
