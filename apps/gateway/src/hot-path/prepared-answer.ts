import type { KeptAnswer } from "@robin/api";
import { createHash } from "node:crypto";
import superjson from "superjson";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { ContentEncoding } from "./negotiation.ts";

/** The two shapes in which the roads carry a value. */
export type AnswerForm = "rest" | "trpc";

/** The bytes of an answer with the headers that describe them, name and value in turn. */
export interface EncodedAnswer {
  body: Buffer;
  etag: string;
  headers: readonly string[];
  /** Of a 304. */
  unchangedHeaders: readonly string[];
}

export interface PreparedAnswer {
  /** Undefined until `encode` has been through with it. */
  ready(encoding: ContentEncoding): EncodedAnswer | undefined;
  /** Compresses once for all who want it. */
  encode(encoding: ContentEncoding): Promise<EncodedAnswer>;
}

/** Below, compressing saves no packet. */
export const compressedFromBytes = 1000;

/** Browsers keep it, and ask each time whether it still holds. */
const cacheControl = "private, no-cache";

const types: Record<AnswerForm, string> = { rest: "application/json; charset=utf-8", trpc: "application/json" };

const compressors = {
  gzip: promisify(gzip) as (bytes: Buffer) => Promise<Buffer>,
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      // The usual 11 takes a hundred times as long, for a body that lives for seconds.
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
};

const preparedAnswers = new WeakMap<KeptAnswer, Partial<Record<AnswerForm, PreparedAnswer>>>();

/** The answer ready to be sent; made once, and gone with it. */
export function prepare(answer: KeptAnswer, form: AnswerForm): PreparedAnswer {
  let forms = preparedAnswers.get(answer);
  if (!forms) preparedAnswers.set(answer, (forms = {}));
  return (forms[form] ??= create(form === "rest" ? answer.json : inEnvelope(answer.value), types[form]));
}

/** As tRPC's adapter writes a single answer. */
function inEnvelope(value: unknown): Buffer {
  return Buffer.from(JSON.stringify({ result: { data: superjson.serialize(value) } }));
}

function create(bytes: Buffer, type: string): PreparedAnswer {
  const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  const encoded: Partial<Record<ContentEncoding, EncodedAnswer>> = {};
  const running: Partial<Record<ContentEncoding, Promise<EncodedAnswer>>> = {};

  const describe = (body: Buffer, encoding: ContentEncoding): EncodedAnswer => {
    const isPlain = encoding === "identity";
    const etag = isPlain ? `"${hash}"` : `"${hash}-${encoding}"`;
    const unchangedHeaders = ["cache-control", cacheControl, "etag", etag];
    const coding = isPlain ? [] : ["content-encoding", encoding];
    const headers = [...unchangedHeaders, "content-type", type, ...coding, "content-length", String(body.length)];
    return { body, etag, headers, unchangedHeaders };
  };
  const identity = (encoded.identity = describe(bytes, "identity"));
  const isSmall = bytes.length < compressedFromBytes;

  return {
    ready: (encoding) => (isSmall ? identity : encoded[encoding]),
    async encode(encoding) {
      if (isSmall || encoding === "identity") return identity;
      return (
        encoded[encoding] ??
        (running[encoding] ??= compressors[encoding](bytes).then(
          (body) => (encoded[encoding] = describe(body, encoding)),
        ))
      );
    },
  };
}
