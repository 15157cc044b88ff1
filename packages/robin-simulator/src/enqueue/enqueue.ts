import { json } from "../http/answer.ts";
import type { Answer } from "../http/answer.ts";
import type { RouteContext } from "../http/route-context.ts";
import type { GsonMap } from "../java/gson-reader.ts";
import { printGson } from "../java/gson-writer.ts";
import { buildSession } from "./case-session.ts";
import { defaultMailbox, defaultProtocol } from "./client-defaults.ts";
import { acceptMail } from "./submission.ts";
import type { Upload } from "./submission.ts";

/** `POST /client/queue`, and every path below it that is no context of its own. */
export function enqueue(context: RouteContext): Promise<Answer> {
  return acceptMail(context, addToQueue);
}

/** The answer names the session, never the relay UID that delete, retry and bounce want: that one is only on the list page. */
function addToQueue(context: RouteContext, caseMap: GsonMap, upload: Upload | undefined): Answer {
  const { query, queue, clock, files, newUuid } = context;
  const session = buildSession(caseMap, { now: clock.now(), files, newUuid });
  queue.add({
    sessionUid: session.uid,
    protocol: query.get("protocol") ?? defaultProtocol,
    mailbox: query.get("mailbox") ?? defaultMailbox,
    listError: session.listError,
    envelopes: session.envelopes.map(({ queued }) => queued),
  });
  return json(
    202,
    printGson({ queueSize: queue.size, session: session.json, status: "QUEUED", uploadedFile: upload?.file }),
  );
}
