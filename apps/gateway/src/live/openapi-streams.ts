import type { ProcedureInfo } from "@robin/api";
import type { OpenAPIObject } from "trpc-to-openapi";
import { createSchema } from "zod-openapi";
import { z } from "zod";

type Operation = NonNullable<NonNullable<OpenAPIObject["paths"]>[string]["get"]>;

type Schemas = NonNullable<NonNullable<OpenAPIObject["components"]>["schemas"]>;

/** Of a procedure that declares `meta.stream`, which the library does not know. */
export function describeStream({
  path,
  meta,
  input,
  output,
}: ProcedureInfo): { operation: Operation; schemas: Schemas } | undefined {
  const object = input instanceof z.ZodOptional ? input.unwrap() : input;
  if (!meta.stream || !(object instanceof z.ZodObject) || !output) return undefined;
  const { message } = z.globalRegistry.get(output) as { message: z.ZodType };
  const { schema, components } = createSchema(message, { io: "output" });
  const shape = object.shape as Record<string, z.ZodType>;
  const fields = Object.entries(shape);
  const parameters = fields.map(([name, field]) => ({
    name,
    in: "query" as const,
    required: false,
    ...(field.description !== undefined && { description: field.description }),
    schema: createSchema(field, { io: "input" }).schema,
  }));
  const { tags, summary, description } = meta.stream;
  const operation: Operation = {
    operationId: path,
    summary,
    tags,
    ...(description !== undefined && { description }),
    parameters,
    responses: {
      200: {
        description:
          "Server-sent events: `data` is JSON of this schema, `id` is what to come back with. An event `end` with an error as its data comes last when the caller may not watch any longer.",
        content: {
          "text/event-stream": {
            schema: { type: "string", contentMediaType: "application/json", contentSchema: schema },
          },
        },
      },
    },
  };
  return { operation, schemas: components };
}
