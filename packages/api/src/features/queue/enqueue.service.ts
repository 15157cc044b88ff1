import { changeOptions, type Context } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import { fromComposed, fromRaw, type Handover, withFate } from "../mail/handover.ts";
import type { ComposeMailInput, RawMailInput } from "../mail/mail.schemas.ts";
import type { EnqueueOutput } from "./enqueue.schemas.ts";

/** Composed here, because Robin loses a queue case with subject and message at delivery. */
export async function enqueue(ctx: Context, input: ComposeMailInput): Promise<EnqueueOutput> {
  return enqueueForEach(ctx, await fromComposed(input));
}

export async function enqueueRaw(ctx: Context, input: RawMailInput): Promise<EnqueueOutput> {
  return enqueueForEach(ctx, fromRaw(input));
}

/** Each recipient becomes an item of its own, because Robin drops one that is refused after an accepted one. */
async function enqueueForEach(ctx: Context, { messageId, rcpt, ...mail }: Handover): Promise<EnqueueOutput> {
  return withAudit(ctx, { action: "queue.enqueue", targets: rcpt }, async () => {
    const output: EnqueueOutput = { ...(messageId !== undefined && { messageId }), queued: [], failed: [] };
    for (const to of rcpt) {
      try {
        // Robin's own default is LMTP in the configuration it ships with, and that delivers nowhere.
        const message = { ...mail, rcpt: [to], protocol: "ESMTP" };
        const { sessionUid } = await ctx.deps.robin.queue.enqueueRaw(message, changeOptions(ctx));
        output.queued.push({ to, sessionUid });
        await noteSender(ctx, sessionUid, mail.mail);
      } catch (error) {
        const failure = withFate(error, "queued");
        if (output.queued.length === 0) throw failure;
        output.failed.push({ to, message: failure.publicMessage });
      }
    }
    return output;
  });
}

/** Robin's list does not tell the sender. The item is in the queue by now, so it is only a pity when this fails. */
async function noteSender({ deps: { db, clock, logger } }: Context, sessionUid: string, sender: string): Promise<void> {
  try {
    await db.queueOrigin.createMany({ data: [{ sessionUid, sender, at: clock.now() }], skipDuplicates: true });
  } catch (err) {
    logger.warn({ err }, "queue record lacks the sender of a message");
  }
}
