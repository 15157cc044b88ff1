import type { SendResult } from "@robin/sdk";
import type { Context } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import { fromComposed, fromRaw, type Handover, withFate } from "./handover.ts";
import type { ComposeMailInput, RawMailInput, SendMailOutput } from "./mail.schemas.ts";

export async function sendMail(ctx: Context, input: ComposeMailInput): Promise<SendMailOutput> {
  return send(ctx, await fromComposed(input));
}

export async function sendRawMail(ctx: Context, input: RawMailInput): Promise<SendMailOutput> {
  return send(ctx, fromRaw(input));
}

/**
 * One SMTP conversation for all recipients: Robin talks to the same next server for each, records every reply, and the
 * replies, unlike its own marks, are right also for a recipient refused after an accepted one. The conversation has the
 * SDK's deadline for sends, not that of the request, and goes on when the caller has gone.
 */
async function send(ctx: Context, { messageId, ...mail }: Handover): Promise<SendMailOutput> {
  return withAudit(ctx, { action: "mail.send", targets: mail.rcpt }, async () => {
    const result = await ctx.deps.robin.send.deliverRaw(mail).catch((error: unknown) => {
      throw withFate(error, "sent");
    });
    return { ...(messageId !== undefined && { messageId }), ...toOutput(result, mail.rcpt) };
  });
}

function toOutput({ envelopes, connectionFailure }: SendResult, asked: readonly string[]): SendMailOutput {
  const judged = new Map(envelopes.flatMap(({ recipients }) => recipients.map((entry) => [entry.address, entry])));
  const recipients = asked.map((to) => {
    const { verdict = "not-tried" as const, reply } = judged.get(to) ?? {};
    return { to, verdict, ...(reply && { smtpCode: reply.code, smtpText: reply.text }) };
  });
  return {
    delivered: recipients.every(({ verdict }) => verdict === "delivered"),
    recipients,
    ...(connectionFailure !== undefined && { connectionFailure }),
  };
}
