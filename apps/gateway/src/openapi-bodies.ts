import type { ProcedureInfo } from "@robin/api";
import type { OpenAPIObject } from "trpc-to-openapi";
import { createSchema } from "zod-openapi";
import { z } from "zod";

type Operation = NonNullable<NonNullable<OpenAPIObject["paths"]>[string]["get"]>;

const bytes = { schema: { type: "string", format: "binary" } } as const;

/** The body of a procedure that declares `meta.bodyField`: the field itself. */
export function describeBodyField(operation: Operation, field: string): void {
  const body = operation.requestBody as
    | {
        content: Record<
          string,
          { schema?: { properties?: Record<string, object> }; example?: Record<string, unknown> }
        >;
      }
    | undefined;
  const media = body?.content["application/json"];
  if (media) Object.assign(media, { schema: media.schema?.properties?.[field], example: media.example?.[field] });
}

/** The answer of a procedure that declares `meta.download`, which the library takes for JSON. */
export function describeDownload(operation: Operation, mediaTypes: readonly string[]): void {
  Object.assign(operation.responses ?? {}, {
    200: {
      description: "The bytes, as they come. A connection that ends early means that they are not whole.",
      headers: {
        "content-disposition": { schema: { type: "string" }, description: "Offers a file name." },
      },
      content: Object.fromEntries(
        mediaTypes.map((mediaType) => [mediaType, mediaType.startsWith("application/json") ? {} : bytes]),
      ),
    },
  });
}

/** Adds what a POST to the path takes instead of JSON, by a procedure that declares `meta.upload`. */
export function describeUpload(operation: Operation, { input, meta }: ProcedureInfo): void {
  if (!(input instanceof z.ZodObject) || !meta.upload) return;
  const { mediaType, formField } = meta.upload;
  const bodyField = formField ?? "message";
  const fields = Object.entries(input.shape as Record<string, z.ZodType>).filter(([name]) => name !== bodyField);
  const parameters = fields.map(([name, field]) => ({
    name,
    in: "query" as const,
    required: false,
    description: [
      `With a body of ${mediaType} only${field.safeParse(undefined).success ? "." : ", and required then."}`,
      field.description,
    ]
      .filter(Boolean)
      .join(" "),
    schema: createSchema(field, { io: "input" }).schema,
  }));
  operation.parameters = [...(operation.parameters ?? []), ...parameters];
  const body = operation.requestBody as { content: Record<string, object> } | undefined;
  const form = {
    schema: { type: "object", required: [bodyField], properties: { [bodyField]: bytes.schema } },
  } as const;
  Object.assign(body?.content ?? {}, { [mediaType]: formField === undefined ? bytes : form });
}
