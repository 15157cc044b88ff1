import { checked } from "../input.ts";
import type { CallOptions } from "../transport.ts";
import type { FolderChecks, StoreCalls } from "./store-calls.ts";
import { splitPath } from "./store-paths.ts";
import {
  ChangeFolderInput,
  CopyFolderInput,
  CreateFolderInput,
  DoneAnswer,
  MoveFolderInput,
  RenameFolderInput,
} from "./store.schemas.ts";

/**
 * Changes to folders. The inbox cannot be changed. A folder that is not there is RobinError `http` with status 404.
 * A parent is looked for first, with a call and a deadline of its own, because Robin would make it.
 */
export interface StoreFolders {
  /** Makes a folder and the account, if need be; one that is there already stays as it is. `POST .../folders`. */
  create(input: CreateFolderInput, options?: CallOptions): Promise<void>;
  /**
   * Status 400 when the name is taken, except in a mailbox, where both folders become one.
   * `PATCH .../folders/{folder}`.
   */
  rename(input: RenameFolderInput, options?: CallOptions): Promise<void>;
  /** With its sub-folders. Status 400 while there is a mail in any of them. `DELETE .../folders/{folder}`. */
  delete(input: ChangeFolderInput, options?: CallOptions): Promise<void>;
  /** With all below; mails of the same name are overwritten at the target. `POST .../folders/{folder}/copy`. */
  copy(input: CopyFolderInput, options?: CallOptions): Promise<void>;
  /** Status 400 into itself or onto a folder that is not empty. `POST .../folders/{folder}/move`. */
  move(input: MoveFolderInput, options?: CallOptions): Promise<void>;
}

export function createStoreFolders(calls: StoreCalls, checks: FolderChecks): StoreFolders {
  const endpoint = "/folders/{folder}";

  return {
    async create(input, options) {
      const { name, parent = "", ...account } = checked(CreateFolderInput, input);
      if (parent !== "") await checks.requireFolder(account, parent, options);
      const body = { name, ...(parent === "" ? {} : { parent }) };
      const call = {
        method: "POST",
        account,
        endpoint: "/folders",
        parts: ["folders"],
        body,
        answer: DoneAnswer,
      } as const;
      await calls.call(call, options);
    },
    async rename(input, options) {
      const { name, folder, ...account } = checked(RenameFolderInput, input);
      const parts = ["folders", ...splitPath(folder)];
      await calls.call({ method: "PATCH", account, endpoint, parts, body: { name }, answer: DoneAnswer }, options);
    },
    async delete(input, options) {
      const { folder, ...account } = checked(ChangeFolderInput, input);
      const parts = ["folders", ...splitPath(folder)];
      await calls.call({ method: "DELETE", account, endpoint, parts, answer: DoneAnswer }, options);
    },
    async copy(input, options) {
      const { folder, destinationParent, newName, ...account } = checked(CopyFolderInput, input);
      await checks.requireFolder(account, folder, options);
      if (destinationParent !== "") await checks.requireFolder(account, destinationParent, options);
      const parts = ["folders", ...splitPath(folder), "copy"];
      const body = { destinationParent, ...(newName === undefined ? {} : { newName }) };
      const call = { method: "POST", account, endpoint: `${endpoint}/copy`, parts, body, answer: DoneAnswer } as const;
      await calls.call(call, options);
    },
    async move(input, options) {
      const { folder, destinationParent, ...account } = checked(MoveFolderInput, input);
      if (destinationParent !== "") await checks.requireFolder(account, destinationParent, options);
      const parts = ["folders", ...splitPath(folder), "move"];
      const body = { destinationParent };
      const call = { method: "POST", account, endpoint: `${endpoint}/move`, parts, body, answer: DoneAnswer } as const;
      await calls.call(call, options);
    },
  };
}
