import { DownloadOutput } from "../../download.ts";
import { robinProcedure } from "../../trpc.ts";
import {
  AddAttachmentInput,
  Attachment,
  CreateDraftInput,
  DeletedDraft,
  DraftInput,
  DraftOutput,
  ListAttachmentsOutput,
  AttachmentInput,
  RemovedAttachment,
  UpdateDraftInput,
} from "./drafts.schemas.ts";
import {
  addAttachment,
  createDraft,
  deleteDraft,
  downloadAttachment,
  listAttachments,
  removeAttachment,
  updateDraft,
} from "./drafts.service.ts";
import { storageErrors } from "./robin-store.ts";

const tags = ["Storage"];
const drafts = "/storage/{domain}/{user}/drafts";
const attachments = `${drafts}/{draftId}/attachments` as const;
const reads = robinProcedure.meta({ permission: "VIEW_STORAGE", errors: storageErrors });
const changes = robinProcedure.meta({ permission: "MANAGE_STORAGE", errors: storageErrors });

export const draftProcedures = {
  createDraft: changes
    .meta({
      takesMail: true,
      openapi: { method: "POST", path: drafts, tags, summary: "Write a draft" },
    })
    .input(CreateDraftInput)
    .output(DraftOutput)
    .mutation(({ ctx, input }) => createDraft(ctx, input)),

  updateDraft: changes
    .meta({
      takesMail: true,
      openapi: {
        method: "PUT",
        path: `${drafts}/{draftId}`,
        tags,
        summary: "Write a draft anew",
        description: "The whole message is replaced; attachments stay.",
      },
    })
    .input(UpdateDraftInput)
    .output(DraftOutput)
    .mutation(({ ctx, input }) => updateDraft(ctx, input)),

  deleteDraft: changes
    .meta({
      openapi: {
        method: "DELETE",
        path: `${drafts}/{draftId}`,
        tags,
        summary: "Delete a draft and its attachments",
      },
    })
    .input(DraftInput)
    .output(DeletedDraft)
    .mutation(({ ctx, input }) => deleteDraft(ctx, input)),

  listAttachments: reads
    .meta({
      openapi: { method: "GET", path: attachments, tags, summary: "List the attachments of a draft" },
    })
    .input(DraftInput)
    .output(ListAttachmentsOutput)
    .query(({ ctx, input }) => listAttachments(ctx, input)),

  addAttachment: changes
    .meta({
      takesMail: true,
      openapi: {
        method: "POST",
        path: attachments,
        tags,
        summary: "Put a file beside a draft",
        description: "Robin keeps it apart: the draft's own message does not change.",
      },
    })
    .input(AddAttachmentInput)
    .output(Attachment)
    .mutation(({ ctx, input }) => addAttachment(ctx, input)),

  downloadAttachment: reads
    .meta({
      download: ["application/octet-stream"],
      openapi: {
        method: "GET",
        path: `${attachments}/{attachmentId}`,
        tags,
        summary: "Download a file that lies beside a draft",
      },
    })
    .input(AttachmentInput)
    .output(DownloadOutput)
    .query(({ ctx, input }) => downloadAttachment(ctx, input)),

  removeAttachment: changes
    .meta({
      openapi: {
        method: "DELETE",
        path: `${attachments}/{attachmentId}`,
        tags,
        summary: "Remove a file from a draft",
      },
    })
    .input(AttachmentInput)
    .output(RemovedAttachment)
    .mutation(({ ctx, input }) => removeAttachment(ctx, input)),
};
