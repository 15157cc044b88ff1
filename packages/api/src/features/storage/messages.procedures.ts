import { robinProcedure } from "../../trpc.ts";
import {
  CleanUpInput,
  FolderMessagesInput,
  FolderMessagesOutput,
  MessagesInput,
  MessagesOutput,
  MoveMessagesInput,
  SetReadStatusInput,
} from "./messages.schemas.ts";
import {
  cleanUp,
  deleteAllMessages,
  deleteMessages,
  markAllRead,
  moveMessages,
  setReadStatus,
} from "./messages.service.ts";
import { conflictErrors, type MailStore, storageErrors } from "./robin-store.ts";

/** Changes to mails, the same in both of Robin's stores. */
export function messageProcedures(store: MailStore, tags: string[]) {
  const path = `/${store}/{domain}/{user}/messages` as const;
  const errors = store === "storage" ? storageErrors : conflictErrors;
  const changes = robinProcedure.meta({ permission: "MANAGE_STORAGE", errors });
  const method = "POST";

  return {
    moveMessages: changes
      .meta({
        openapi: {
          method,
          path: `${path}/move`,
          tags,
          summary: "Move mails to another folder",
          ...(store === "storage" && {
            description: "They become unread, and replace mails of the same name in that folder.",
          }),
        },
      })
      .input(MoveMessagesInput)
      .output(MessagesOutput)
      .mutation(({ ctx, input }) => moveMessages(ctx, store, input)),

    setReadStatus: changes
      .meta({
        openapi: {
          method,
          path: `${path}/read-status`,
          tags,
          summary: "Mark mails as read or unread",
          ...(store === "storage" && { description: "`done` leaves out those that had the status already." }),
        },
      })
      .input(SetReadStatusInput)
      .output(MessagesOutput)
      .mutation(({ ctx, input }) => setReadStatus(ctx, store, input)),

    markAllRead: changes
      .meta({ openapi: { method, path: `${path}/mark-all-read`, tags, summary: "Mark all mails of a folder as read" } })
      .input(FolderMessagesInput)
      .output(FolderMessagesOutput)
      .mutation(({ ctx, input }) => markAllRead(ctx, store, input)),

    deleteMessages: changes
      .meta({
        openapi: {
          method,
          path: `${path}/delete`,
          tags,
          summary: "Delete mails",
          description:
            "Robin cannot delete a single mail: they are moved to a folder `deleting-...` that is made for it, which is then emptied. If that fails they are moved back; if Robin is gone, they are still there.",
        },
      })
      .input(MessagesInput)
      .output(MessagesOutput)
      .mutation(({ ctx, input }) => deleteMessages(ctx, store, input)),

    deleteAllMessages: changes
      .meta({
        openapi: {
          method,
          path: `${path}/delete-all`,
          tags,
          summary: "Delete all mails of a folder",
          description: "Those in folders below it stay.",
        },
      })
      .input(FolderMessagesInput)
      .output(FolderMessagesOutput)
      .mutation(({ ctx, input }) => deleteAllMessages(ctx, store, input)),

    cleanUp: changes
      .meta({
        openapi: {
          method,
          path: `${path}/cleanup`,
          tags,
          summary: "Delete old mails",
          description: "Of a folder and of all below it.",
        },
      })
      .input(CleanUpInput)
      .output(FolderMessagesOutput)
      .mutation(({ ctx, input }) => cleanUp(ctx, store, input)),
  };
}
