import { QueueState } from "@robin/sdk";
import { z } from "zod";
import { instantParam, intParam, listParam, textParam } from "../../../rest-input.ts";

const secondsMax = 10 * 366 * 24 * 60 * 60;
const addressHelp = "whole and in any case; `*` stands for any text";

/** By what items are found. All that is given has to fit. */
export const queueFilterFields = {
  domain: textParam({ charsMax: 253, description: "Only items with a recipient of this domain, whole." })
    .pipe(z.string().min(1, "is empty").toLowerCase())
    .optional(),
  sender: textParam({ charsMax: 320, description: `Only items of this sender: ${addressHelp}.` }).optional(),
  recipient: textParam({ charsMax: 320, description: `Only items to this recipient: ${addressHelp}.` }).optional(),
  states: listParam(QueueState.options, "Only items in these states.").optional(),
  firstSeenBefore: instantParam("Only items that the worker saw for the first time before.").optional(),
  firstSeenAfter: instantParam("Only items that the worker saw for the first time then or later.").optional(),
  olderThanSeconds: intParam({
    min: 1,
    max: secondsMax,
    description: "Only items that were first seen longer ago.",
  }).optional(),
  inStateSeconds: intParam({
    min: 1,
    max: secondsMax,
    description: "Only items that have been in their state for longer.",
  }).optional(),
  retryMin: intParam({ min: 0, max: 1_000_000, description: "Only items retried at least this often." }).optional(),
  retryMax: intParam({ min: 0, max: 1_000_000, description: "Only items retried at most this often." }).optional(),
  error: textParam({ charsMax: 500, description: "Only items whose last error has this text in it, in any case." })
    .pipe(z.string().min(1, "is empty"))
    .optional(),
};

export const QueueFilter = z
  .strictObject(queueFilterFields)
  .refine(({ retryMin, retryMax }) => retryMin === undefined || retryMax === undefined || retryMin <= retryMax, {
    path: ["retryMin"],
    message: "is more than retryMax",
  })
  .refine(
    ({ firstSeenAfter, firstSeenBefore }) =>
      firstSeenAfter === undefined || firstSeenBefore === undefined || firstSeenAfter < firstSeenBefore,
    { path: ["firstSeenAfter"], message: "is not before firstSeenBefore" },
  )
  .meta({
    description:
      "Senders and errors are known of mail that came through the gateway, and where Robin's log told of them. Of an item with more than five recipients only five are known.",
    examples: [{ domain: "example.com", states: "DEAD", olderThanSeconds: 604_800 }],
  });
export type QueueFilter = z.infer<typeof QueueFilter>;

/** True when every item of the queue would fit. */
export function fitsAll({ states, ...rest }: QueueFilter): boolean {
  const narrows = Object.values(rest).some((value) => value !== undefined);
  return !narrows && (states === undefined || states.length === QueueState.options.length);
}
