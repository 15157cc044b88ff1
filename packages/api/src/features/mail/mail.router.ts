import { robinProcedure, router } from "../../trpc.ts";
import { ComposeMailInput, RawMailInput, SendMailOutput } from "./mail.schemas.ts";
import { sendMail, sendRawMail } from "./mail.service.ts";

export const mailRouter = router({
  send: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      takesMail: true,
      openapi: {
        method: "POST",
        path: "/mail/send",
        tags: ["Mail"],
        summary: "Compose a message and deliver it now",
        description:
          "Waits for the next server, for up to two minutes, and says what it answered for each recipient: a refusal is no error. Robin sends one message at a time; when too many wait the answer is 503. The queue, which tries again, is `POST /queue`.",
      },
    })
    .input(ComposeMailInput)
    .output(SendMailOutput)
    .mutation(({ ctx, input }) => sendMail(ctx, input)),

  sendRaw: robinProcedure
    .meta({
      permission: "MANAGE_QUEUE",
      takesMail: true,
      upload: { path: "/mail/send", mediaType: "message/rfc822" },
    })
    .input(RawMailInput)
    .output(SendMailOutput)
    .mutation(({ ctx, input }) => sendRawMail(ctx, input)),
});
