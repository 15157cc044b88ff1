import { checked } from "../input.ts";
import { isRobinError } from "../errors.ts";
import type { CallOptions } from "../transport.ts";
import type { StoreCalls } from "./store-calls.ts";
import {
  AddAttachmentInput,
  AttachmentAnswer,
  CreateDraftInput,
  DoneAnswer,
  DraftAnswer,
  DraftInput,
  RemoveAttachmentInput,
  UpdateDraftInput,
  type DraftContent,
  type DraftId,
  type AttachmentId,
} from "./drafts.schemas.ts";
import type { DirectoryInput, StoreDirectory, StoreEntry } from "./store.schemas.ts";

/**
 * Drafts lie in the folder `Drafts`, `example.com/tony/.Drafts/new/{draftId}` on disk. Robin says nothing about a
 * draft or an attachment that is not there: updates make it, deletes succeed.
 */
export interface StoreDrafts {
  /** `POST .../drafts`. */
  create(input: CreateDraftInput, options?: CallOptions): Promise<DraftId>;
  /** Replaces a draft, or makes it. `PUT .../drafts/{draftId}`. */
  update(input: UpdateDraftInput, options?: CallOptions): Promise<DraftId>;
  /** Leaves its attachments behind. `DELETE .../drafts/{draftId}`. */
  delete(input: DraftInput, options?: CallOptions): Promise<void>;
  /**
   * Keeps a file beside a draft; the draft's message does not change. Robin stores every file as `.eml`; read it
   * with `openMessage` by the path that `listAttachments` gives. `POST .../drafts/{draftId}/attachments`.
   */
  addAttachment(input: AddAttachmentInput, options?: CallOptions): Promise<AttachmentId>;
  /** `DELETE .../drafts/{draftId}/attachments/{attachmentId}`. */
  removeAttachment(input: RemoveAttachmentInput, options?: CallOptions): Promise<void>;
  /** Empty for a draft without any. `GET /store/{domain}/{user}/.Drafts/attachments/{draftId}`. */
  listAttachments(input: DraftInput, options?: CallOptions): Promise<StoreEntry[]>;
}

type List = (input: DirectoryInput, options?: CallOptions) => Promise<StoreDirectory>;

export function createStoreDrafts(calls: StoreCalls, list: List): StoreDrafts {
  const endpoint = "/drafts/{draftId}";
  const attachments = `${endpoint}/attachments`;

  return {
    async create(input, options) {
      const { draft, ...account } = checked(CreateDraftInput, input);
      const body = bodyOf(draft);
      const call = {
        method: "POST",
        account,
        endpoint: "/drafts",
        parts: ["drafts"],
        body,
        answer: DraftAnswer,
      } as const;
      return calls.call(call, options);
    },
    async update(input, options) {
      const { draft, draftId, ...account } = checked(UpdateDraftInput, input);
      const parts = ["drafts", draftId];
      const body = bodyOf(draft);
      return calls.call({ method: "PUT", account, endpoint, parts, body, answer: DraftAnswer }, options);
    },
    async delete(input, options) {
      const { draftId, ...account } = checked(DraftInput, input);
      const parts = ["drafts", draftId];
      await calls.call({ method: "DELETE", account, endpoint, parts, answer: DoneAnswer }, options);
    },
    async addAttachment(input, options) {
      const { draftId, filename, content, ...account } = checked(AddAttachmentInput, input);
      const parts = ["drafts", draftId, "attachments"];
      // Robin appends this to all others, so that one is too many in every name.
      const query = new URLSearchParams({ filename: /\.eml$/i.test(filename) ? `${filename}.eml` : filename });
      // Always of this type: Robin would unpack a multipart form.
      const body = { bytes: content, contentType: "application/octet-stream" };
      const call = {
        method: "POST",
        account,
        endpoint: attachments,
        parts,
        query,
        body,
        answer: AttachmentAnswer,
      } as const;
      return calls.call(call, options);
    },
    async removeAttachment(input, options) {
      const { draftId, attachmentId, ...account } = checked(RemoveAttachmentInput, input);
      const parts = ["drafts", draftId, "attachments", attachmentId];
      const call = {
        method: "DELETE",
        account,
        endpoint: `${attachments}/{attachmentId}`,
        parts,
        answer: DoneAnswer,
      } as const;
      await calls.call(call, options);
    },
    async listAttachments(input, options) {
      const { draftId, domain, user } = checked(DraftInput, input);
      try {
        return (await list({ path: `${domain}/${user}/.Drafts/attachments/${draftId}` }, options)).entries;
      } catch (error) {
        if (isRobinError(error) && error.status === 404) return [];
        throw error;
      }
    },
  };
}

function bodyOf(draft: DraftContent) {
  if ("message" in draft) return { bytes: draft.message, contentType: "message/rfc822" };
  const { from, to, subject, text } = draft;
  // Absent, not null: Robin would write the word.
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(subject === undefined ? {} : { subject }),
    ...(text === undefined ? {} : { message: text }),
  };
}
