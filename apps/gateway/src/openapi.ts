import { type AppErrorCode, appRouter, errorCatalogue, listProcedures, type ProcedureMeta } from "@robin/api";
import { describeBodyField, describeDownload, describeUpload } from "./openapi-bodies.ts";
import { describeStream } from "./live/openapi-streams.ts";
import { generateOpenApiDocument, type OpenAPIObject } from "trpc-to-openapi";
import { createSchema } from "zod-openapi";
import { z } from "zod";

const securitySchemes = {
  accessToken: {
    type: "http" as const,
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The access token of `POST /auth/login`, good for 30 minutes. An API key may be sent in its place.",
  },
  apiKey: {
    type: "apiKey" as const,
    in: "header" as const,
    name: "X-API-Key",
    description:
      "A key of `POST /api-keys`: `rgw_` and 43 characters. It may do what is among its scopes and allowed to its owner; it cannot manage keys, sessions and passwords.",
  },
};

const refreshCookie = {
  type: "apiKey" as const,
  in: "cookie" as const,
  name: "refreshToken",
  description: "Set by signing in, HttpOnly; only `POST /auth/refresh` and `/auth/logout` read it.",
};

const ErrorSchema = z
  .object({
    error: z.string().meta({ description: "The HTTP reason phrase." }),
    code: z.enum(Object.keys(errorCatalogue) as [AppErrorCode, ...AppErrorCode[]]),
    message: z.string().meta({ description: "One sentence for the person at the screen." }),
    requestId: z.string().meta({ description: "Leads to the cause in the gateway's log." }),
    issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ description: "Every error has this shape." });

type Operation = NonNullable<NonNullable<OpenAPIObject["paths"]>[string]["get"]>;
type Method = "get" | "post" | "put" | "patch" | "delete";

/** The OpenAPI 3.1 document of every procedure that declares `meta.openapi`. */
export function createOpenApiDocument(version: string): OpenAPIObject {
  const document = generateOpenApiDocument(appRouter, {
    title: "Robin Gateway",
    description:
      "Signed-in, validated and audited access to a Robin mail server. The same operations are offered over tRPC at `/trpc`.",
    version,
    openApiVersion: "3.1.0",
    baseUrl: "/api/v1",
    tags: [...new Set(listProcedures().flatMap(({ meta }) => meta.openapi?.tags ?? []))],
    securitySchemes,
  });
  document.components = {
    ...document.components,
    schemas: { ...withoutLibraryErrors(document.components?.schemas), Error: createSchema(ErrorSchema).schema },
    securitySchemes: { ...securitySchemes, refreshCookie },
  };

  for (const procedure of listProcedures()) {
    const { stream } = procedure.meta;
    const described = describeStream(procedure);
    if (!stream || !described) continue;
    document.paths = { ...document.paths, [stream.path]: { get: described.operation } };
    document.components.schemas = { ...described.schemas, ...document.components.schemas };
    refineOperation(described.operation, procedure.meta, "get", stream.path);
  }
  for (const { meta, input } of listProcedures()) {
    if (!meta.openapi) continue;
    const method = meta.openapi.method.toLowerCase() as Method;
    const operation = document.paths?.[meta.openapi.path]?.[method];
    if (!operation) continue;
    refineOperation(operation, meta, method, meta.openapi.path);
    refineRequestBody(operation, input);
    if (meta.bodyField !== undefined) describeBodyField(operation, meta.bodyField);
    if (meta.download) describeDownload(operation, meta.download);
  }
  for (const procedure of listProcedures()) {
    const operation = procedure.meta.upload && document.paths?.[procedure.meta.upload.path]?.post;
    if (operation) describeUpload(operation, procedure);
  }
  dropUnusedSchemas(document);
  return document;
}

/** trpc-to-openapi describes errors of its own shape and few statuses; ours come from the catalogue. */
function refineOperation(operation: Operation, meta: ProcedureMeta, method: Method, path: string): void {
  const takesInput = operation.parameters !== undefined || operation.requestBody !== undefined;
  const signedIn = meta.access !== "public";
  const codes: AppErrorCode[] = [
    ...(takesInput ? (["invalid_input"] as const) : []),
    ...(signedIn || path.startsWith("/auth/") ? (["unauthenticated"] as const) : []),
    ...(meta.permission || meta.sessionOnly || path === "/auth/login" ? (["forbidden"] as const) : []),
    ...(path.includes("{") ? (["not_found"] as const) : []),
    ...(path.startsWith("/auth/") && method === "post" ? (["precondition_failed"] as const) : []),
    ...(method === "get" || method === "delete" ? [] : (["payload_too_large", "unsupported_media_type"] as const)),
    ...(meta.errors ?? []),
    "internal",
    ...(path.startsWith("/health") ? [] : (["rate_limited", "unavailable"] as const)),
  ];
  const statuses = [...new Set(codes.map((code) => errorCatalogue[code].httpStatus))];
  const errors = Object.fromEntries(statuses.map((status) => [status, errorResponse(codes, status)]));
  const { 200: success } = operation.responses as Record<string, unknown>;
  operation.responses = { 200: success, ...errors };
  operation.operationId = (operation.operationId ?? path).replace("-", ".");
  if (path === "/auth/refresh") operation.security = [{ refreshCookie: [] }];
  else if (!signedIn) operation.security = [];
  else operation.security = [{ accessToken: [] }, ...(meta.sessionOnly ? [] : [{ apiKey: [] }])];
  if (meta.permission) {
    Object.assign(operation, { "x-permission": meta.permission });
    operation.description = [operation.description, `Needs the permission \`${meta.permission}\`.`]
      .filter(Boolean)
      .join("\n\n");
  }
}

/** The library drops the examples of an input, and the strictness of a refined one. */
function refineRequestBody(operation: Operation, input: z.core.$ZodType | undefined): void {
  const body = operation.requestBody as
    { content?: Record<string, { schema?: object; examples?: object }> } | undefined;
  const media = body?.content?.["application/json"];
  if (!media) return;
  media.schema = { ...media.schema, additionalProperties: false };
  const [example] = ((input && z.globalRegistry.get(input)?.examples) as unknown[] | undefined) ?? [];
  if (example) Object.assign(media, { example });
}

/** One status may stand for several codes. */
function errorResponse(codes: readonly AppErrorCode[], status: number) {
  const possible = codes.filter((code) => errorCatalogue[code].httpStatus === status);
  const examples = possible.map((code) => {
    const { reason, when } = errorCatalogue[code];
    const requestId = "4a0c0f0e-3f0c-4d4e-9d55-3a2b1c0d9e8f";
    return [code, { value: { error: reason, code, message: when, requestId } }];
  });
  const retryAfter = { description: "Seconds until it makes sense to try again.", schema: { type: "integer" } };
  return {
    description: possible.map((code) => errorCatalogue[code].when).join(" Or: "),
    ...(possible.includes("rate_limited") && { headers: { "Retry-After": retryAfter } }),
    content: {
      "application/json": {
        schema: { $ref: "#/components/schemas/Error" },
        examples: Object.fromEntries(examples) as object,
      },
    },
  };
}

/** What a body field refers to only by way of schemas that are not shown. */
function dropUnusedSchemas({ components, ...rest }: OpenAPIObject): void {
  const { schemas = {}, ...others } = components ?? {};
  for (const name of Object.keys(schemas)) {
    const users = JSON.stringify([rest, others, { ...schemas, [name]: undefined }]);
    if (!users.includes(`"#/components/schemas/${name}"`)) Reflect.deleteProperty(schemas, name);
  }
}

function withoutLibraryErrors(schemas: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => !name.startsWith("error.")));
}
