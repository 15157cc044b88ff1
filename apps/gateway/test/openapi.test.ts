import { listProcedures } from "@robin/api";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import committed from "../openapi.json" with { type: "json" };
import { createOpenApiDocument } from "../src/openapi.ts";
import { version } from "../src/version.ts";

interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  description?: string;
  security: object[];
  requestBody?: {
    content: {
      "application/json": { example?: unknown; schema: { properties?: object; additionalProperties?: unknown } };
    };
  };
  responses: Record<string, { content: { "application/json": { schema: { $ref?: string; examples?: unknown[] } } } }>;
  "x-permission"?: string;
}
const paths = committed.paths as unknown as Record<string, Record<string, Operation>>;

describe("openapi.json", () => {
  it("is what the router says (if not, run: pnpm generate)", () => {
    expect(committed).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument(version))));
  });

  it("is valid OpenAPI 3.1", async () => {
    expect(await new Validator().validate(structuredClone(committed))).toEqual({ valid: true });
  });

  it("describes every procedure with summary, tag, security, its errors, and an example where it takes a body", () => {
    for (const { path, meta } of listProcedures()) {
      if (!meta.openapi) continue;
      const operation = paths[meta.openapi.path]?.[meta.openapi.method.toLowerCase()];
      expect(operation, path).toBeDefined();
      if (!operation) continue;
      expect(operation.operationId).toBe(path);
      expect(operation.summary, path).toBeTruthy();
      expect(operation.tags, path).toHaveLength(1);
      expect(operation["x-permission"], path).toBe(meta.permission);
      expect(Object.keys(operation.responses), path).toEqual(expect.arrayContaining(["200", "500"]));
      if (meta.access !== "public") {
        expect(operation.security, path).toEqual([{ accessToken: [] }, ...(meta.sessionOnly ? [] : [{ apiKey: [] }])]);
        expect(Object.keys(operation.responses), path).toContain("401");
      }
      if (meta.sessionOnly) expect(Object.keys(operation.responses), path).toContain("403");
      if (meta.permission) {
        expect(Object.keys(operation.responses), path).toContain("403");
        expect(operation.description, path).toContain(meta.permission);
      }
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (status !== "200") expect(content["application/json"].schema.$ref).toBe("#/components/schemas/Error");
      }
      const body = operation.requestBody?.content["application/json"];
      if (body && Object.keys(body.schema.properties ?? {}).length > 0) {
        expect(body.example, path).toBeDefined();
        expect(body.schema.additionalProperties, path).toBe(false);
      }
    }
  });

  it("says of each operation that asks Robin how that can fail", () => {
    // These look at our own record of the queue.
    const ofOurs = /^\/queue\/(bulk|events|history|rules)/;
    const asking = Object.keys(paths).filter(
      (path) => /^\/(queue|mail-users|config|diagnostics)/.test(path) && !ofOurs.test(path),
    );
    expect(asking.length).toBeGreaterThan(10);
    for (const operation of asking.flatMap((path) => Object.values(paths[path] ?? {}))) {
      expect(Object.keys(operation.responses), operation.operationId).toEqual(
        expect.arrayContaining(["502", "503", "504"]),
      );
    }
    expect(Object.keys(paths["/mail-users"]?.get?.responses ?? {})).toContain("409");
  });

  it("shows an example of every answer", () => {
    const schemas = committed.components.schemas as unknown as Record<string, { examples?: unknown[] }>;
    const downloads = listProcedures().flatMap(({ path, meta }) => (meta.download || meta.stream ? path : []));
    for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
      if (downloads.includes(operation.operationId)) continue;
      const schema = operation.responses["200"]?.content["application/json"].schema ?? {};
      const { examples } = schema.$ref ? (schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}) : schema;
      expect(examples, operation.operationId).toHaveLength(1);
    }
  });

  it("describes downloads as bytes of their types", () => {
    for (const { meta } of listProcedures()) {
      if (!meta.download || !meta.openapi) continue;
      const { content } = paths[meta.openapi.path]?.get?.responses["200"] ?? {};
      expect(Object.keys(content ?? {})).toEqual(meta.download);
    }
  });

  it("describes what is watched as server-sent events, with what each of them holds", () => {
    for (const { path, meta } of listProcedures()) {
      if (!meta.stream) continue;
      const operation = paths[meta.stream.path]?.get;
      expect(operation).toMatchObject({ operationId: path, summary: meta.stream.summary, tags: meta.stream.tags });
      const content = operation?.responses["200"]?.content as unknown as Record<string, { schema: object }>;
      expect(content).toMatchObject({
        "text/event-stream": { schema: { type: "string", contentSchema: { $ref: expect.any(String) as string } } },
      });
    }
  });

  it("writes instants as date-time and never offers null", () => {
    const text = JSON.stringify(committed);
    // By includes, because a failure would print the whole document.
    expect(text.includes('"format":"date-time"')).toBe(true);
    expect(text.includes('"null"')).toBe(false);
  });
});
