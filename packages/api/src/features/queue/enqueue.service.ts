import MailComposer from "nodemailer/lib/mail-composer/index.js";
import { changeOptions, type Context } from "../../context.ts";
import { toAppError } from "../../translate-error.ts";
import { withAudit } from "../audit/audit.service.ts";
import type { EnqueueInput, EnqueueOutput } from "./queue.schemas.ts";

/**
 * Composes the message here and hands Robin raw RFC 822: a queue case with subject and message is lost at delivery.
 * Each recipient becomes an item of its own, because Robin drops one that is refused after an accepted one.
 */
export async function enqueue(ctx: Context, input: EnqueueInput): Promise<EnqueueOutput> {
  const { messageId, message } = await compose(input);
  const recipients = [...new Set(input.to)];
  return withAudit(ctx, { action: "queue.enqueue", targets: recipients }, async () => {
    const output: EnqueueOutput = { messageId, queued: [], failed: [] };
    for (const to of recipients) {
      try {
        const { sessionUid } = await ctx.deps.robin.queue.enqueueRaw(
          {
            mail: input.from,
            rcpt: [to],
            message,
            // Robin's own default is LMTP in the configuration it ships with, and that delivers nowhere.
            protocol: "ESMTP",
            ...(input.route && { route: input.route }),
          },
          changeOptions(ctx),
        );
        output.queued.push({ to, sessionUid });
      } catch (error) {
        if (output.queued.length === 0) throw error;
        output.failed.push({ to, message: toAppError(error).publicMessage });
      }
    }
    return output;
  });
}

async function compose(input: EnqueueInput): Promise<{ messageId: string; message: Uint8Array<ArrayBuffer> }> {
  // Robin replaces tags such as {$date} within a message on its way out; encoded, they reach the reader as they are.
  const hasTags = [input.text, input.html].some((body) => body?.includes("{$"));
  const mail = new MailComposer({
    from: input.from,
    to: input.to,
    subject: input.subject,
    text: withLineEnds(input.text ?? (input.html === undefined ? "" : undefined)),
    html: withLineEnds(input.html),
    newline: "\r\n",
    ...(hasTags && { encoding: "base64" }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  return { messageId: mail.messageId(), message: new Uint8Array(await mail.build()) };
}

/** A carriage return alone must not travel: SMTP servers disagree on whether it ends a line. */
function withLineEnds(text: string | undefined): string | undefined {
  return text?.replaceAll(/\r\n?|\n/g, "\r\n");
}
