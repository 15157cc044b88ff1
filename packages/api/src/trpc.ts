import { initTRPC, TRPCError } from "@trpc/server";
import { middlewareMarker } from "@trpc/server/unstable-core-do-not-import";
import superjson from "superjson";
import type { OpenApiMeta } from "trpc-to-openapi";
import { readThrough } from "./cache/read-through.ts";
import type { Context } from "./context.ts";
import { AppError, type AppErrorCode, errorCatalogue, robinErrors } from "./errors.ts";
import type { Permission } from "./permissions.ts";
import { decodePathParameters } from "./rest-input.ts";
import { toAppError } from "./translate-error.ts";

export type ProcedureMeta = OpenApiMeta & {
  /** What the caller must be allowed. Without it a `procedure` refuses everybody. */
  permission?: Permission;
  /** Marks a procedure that needs no permission: open to all, or to everyone who is signed in. */
  access?: "public" | "signed-in";
  /** Not for API keys; set by the session procedures. */
  sessionOnly?: boolean;
  /** Errors it can end with beyond those that follow from its kind, for the OpenAPI document. */
  errors?: readonly AppErrorCode[];
  /** The output is a `Download`, on REST sent as its bytes: the media types it may have. */
  download?: readonly string[];
  /** Of a subscription, in place of `openapi`: where REST sends the same as server-sent events. */
  stream?: { path: `/${string}`; tags: string[]; summary: string; description?: string };
  /** The input may be as large as a mail, so 25 MB hold for the body instead of BODY_LIMIT. */
  takesMail?: boolean;
  /** The field of the input that the body is on REST; the other fields come by the path. */
  bodyField?: string;
  /**
   * Instead of `openapi`: what a POST to the path of another procedure runs on REST when the body is of this type.
   * The body becomes the field `message` as bytes, the query the other fields. Goes with `takesMail`, or with
   * `formField`: of multipart/form-data it is the file in the field of this name, which is the input's name for it too.
   */
  upload?: { path: `/${string}`; mediaType: string; formField?: string };
};

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    transformer: superjson,
    // Never a stack in an answer, whatever NODE_ENV says.
    isDev: false,
    // So that proxies keep the connection, and a client finds out that it is dead.
    sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 45_000 } },
    errorFormatter({ shape, error, ctx }) {
      const appError = toAppError(error.cause instanceof AppError ? error.cause : error);
      const { httpStatus } = errorCatalogue[appError.code];
      return {
        ...shape,
        message: appError.publicMessage,
        data: {
          code: shape.data.code,
          httpStatus,
          path: shape.data.path,
          appCode: appError.code,
          requestId: ctx?.requestId,
          ...(appError.issues && { issues: appError.issues }),
        },
      };
    },
  });

export const router = t.router;
export const createCallerFactory = t.createCallerFactory;

/** `next()` never rejects; a failed result is thrown again with the code of the catalogue, so both roads agree on the status. */
const translateErrors = t.middleware(async ({ ctx, path, next }) => {
  const result = await next();
  if (result.ok) return result;
  const error = toAppError(result.error);
  const { httpStatus, trpcCode } = errorCatalogue[error.code];
  const fields = { requestId: ctx.requestId, procedure: path, code: error.code, userId: ctx.principal?.userId };
  if (httpStatus === 500) ctx.deps.logger.error({ ...fields, err: error.cause }, "procedure failed");
  else if (httpStatus > 501) ctx.deps.logger.warn({ ...fields, err: error.cause }, "procedure failed upstream");
  throw new TRPCError({ code: trpcCode, message: error.publicMessage, cause: error });
});

/** REST paths arrive percent-encoded (ADR 0001); tRPC input is already what the caller meant. */
const decodeRestInput = t.middleware(({ ctx, meta, getRawInput, next }) =>
  ctx.road === "rest" && meta?.openapi
    ? next({ getRawInput: async () => decodePathParameters(meta.openapi?.path ?? "", await getRawInput()) })
    : next(),
);

const requireSignIn = t.middleware(({ ctx, next }) => {
  if (!ctx.principal) {
    throw ctx.authenticationError ?? new AppError("unauthenticated", "Sign in to use this.");
  }
  return next({ ctx: { principal: ctx.principal } });
});

const requirePermission = t.middleware(({ ctx, meta, path, next }) => {
  const permission = meta?.permission;
  if (!permission) throw new Error(`procedure ${path} declares no permission`);
  if (!ctx.principal?.permissions.includes(permission)) {
    throw new AppError("forbidden", `This needs the permission ${permission}.`);
  }
  return next();
});

/** Else the answer would be made in full before tRPC finds that it cannot be sent. */
const requireStreaming = t.middleware(({ ctx, meta, next }) => {
  if (meta?.download && !ctx.streams) {
    throw new AppError("unsupported_media_type", "This answer comes in parts: use httpBatchStreamLink, or REST.");
  }
  return next();
});

const requireSession = t.middleware(({ ctx, next }) => {
  const { principal } = ctx;
  if (principal?.sessionId === undefined) {
    throw new AppError("forbidden", "An API key may not do this: sign in with name and password.");
  }
  return next({ ctx: { principal: { ...principal, sessionId: principal.sessionId } } });
});

/** Last of all, so that nobody is given what he may not ask for. */
const keepAnswers = t.middleware(async ({ ctx, path, type, getRawInput, next }) => {
  const run = async (parts: Partial<Context>) => {
    const result = await next({ ctx: parts });
    if (!result.ok) throw result.error;
    return result.data;
  };
  const data = await readThrough({ ctx, path, type, getRawInput, run });
  return { ok: true, data, marker: middlewareMarker };
});

/** Open to everyone; a principal may be there. */
export const publicProcedure = t.procedure.use(translateErrors).use(decodeRestInput);
/** The same, for what is asked so often that its answer is kept. */
export const keptPublicProcedure = publicProcedure.use(keepAnswers);
/** `ctx.principal` is there and verified. */
export const authedProcedure = publicProcedure.use(requireSignIn);
/** Signed in and holding `meta.permission`: what nearly every procedure is made from. */
export const procedure = authedProcedure.use(requirePermission).use(requireStreaming).use(keepAnswers);
/** The same, for what has to ask Robin: it can fail as Robin can. */
export const robinProcedure = procedure.meta({ errors: robinErrors });
/** Signed in by name and password: a key that got into wrong hands must not make itself at home. */
export const sessionProcedure = authedProcedure.meta({ sessionOnly: true }).use(requireSession);
/** The same, holding `meta.permission`. */
export const permittedSessionProcedure = procedure.meta({ sessionOnly: true }).use(requireSession);
