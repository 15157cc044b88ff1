import type { z } from "zod";
import { RobinError } from "../errors.ts";
import { jsonBody } from "../parsing.ts";
import type { LaneName } from "../policies.ts";
import type { CallOptions, Transport } from "../transport.ts";
import { withStoreErrors } from "./store-errors.ts";
import { refuse, storeRoute, type StoreAccount } from "./store-paths.ts";

/** Bodies from this size on get a connection of their own, so that a refused upload spoils no pooled one. */
const largeBodyBytes = 64 * 1024;
const json = "application/json";
/** In the directory of the domains. */
const workingFolders = ["queue", "tmp"];

/** One call below an account; `parts` are the names after it, and `endpoint` is what errors call the route. */
export interface StoreCall<S extends z.ZodType> {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  account: StoreAccount;
  endpoint: string;
  parts: readonly string[];
  query?: URLSearchParams;
  /** An object is sent as JSON. */
  body?: Record<string, unknown> | { bytes: Uint8Array; contentType: string };
  answer: S;
  large?: boolean;
  lane?: LaneName;
}

export interface StoreCalls {
  /** Rejects with RobinInputError for a change to what only looks like an account. */
  call<S extends z.ZodType>(call: StoreCall<S>, options?: CallOptions): Promise<z.output<S>>;
}

/** Both of Robin's stores have the same routes below `root`. */
export function createStoreCalls(transport: Transport, root: "/store" | "/store-rocksdb"): StoreCalls {
  return {
    async call({ method, account, endpoint, parts, query, body, answer, large = false, lane }, options) {
      if (root === "/store" && method !== "GET" && workingFolders.includes(account.domain))
        refuse("domain", "must not be queue or tmp, which Robin keeps beside the domains for itself");
      const upload = body === undefined ? undefined : uploadOf(body);
      const request = {
        service: "client",
        method,
        endpoint: `${root}/{domain}/{user}${endpoint}`,
        path: storeRoute(root, account.domain, account.user, ...parts),
        ...(query === undefined ? {} : { query }),
        ...(upload === undefined ? {} : { body: upload.bytes, contentType: upload.contentType }),
        mediaType: json,
        // Robin is well when it says that this store is off.
        ...(root === "/store-rocksdb" ? { answeredErrors: [503] } : {}),
        large: large || (upload?.bytes.byteLength ?? 0) >= largeBodyBytes,
        ...(lane && { lane }),
        parse: jsonBody(answer),
      } as const;
      return withStoreErrors(transport.call(request, options));
    },
  };
}

function uploadOf(body: NonNullable<StoreCall<z.ZodType>["body"]>): { bytes: Uint8Array; contentType: string } {
  if (isUpload(body)) return body;
  return { bytes: Buffer.from(JSON.stringify(body), "utf8"), contentType: json };
}

function isUpload(body: NonNullable<StoreCall<z.ZodType>["body"]>): body is { bytes: Uint8Array; contentType: string } {
  return "bytes" in body && body.bytes instanceof Uint8Array;
}

/** What Robin should have said where it makes a missing folder instead. */
export function folderMissing(endpoint: string): RobinError {
  return new RobinError({
    kind: "http",
    service: "client",
    endpoint,
    status: 404,
    message: `${endpoint}: the folder is not there`,
    detail: "Folder not found.",
  });
}

/** Answers that Robin does not give, so the resources of both stores find them out in their own ways. */
export interface FolderChecks {
  /** Rejects with the RobinError 404 for a folder that is not there. */
  requireFolder(account: StoreAccount, folder: string, options?: CallOptions): Promise<void>;
  /** Those of the ids whose mails are in this very folder. Rejects as `requireFolder` does. */
  presentIds(account: StoreAccount, folder: string, ids: readonly string[], options?: CallOptions): Promise<string[]>;
}
