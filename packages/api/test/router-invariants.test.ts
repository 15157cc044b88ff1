import { describe, expect, it } from "vitest";
import { z } from "zod";
import { listProcedures, Permission, type ProcedureInfo } from "../src/index.ts";
import { DownloadOutput } from "../src/download.ts";
import { boolParam, intParam } from "../src/rest-input.ts";

const procedures = listProcedures();
const byPath = procedures.map((procedure) => [procedure.path, procedure] as const);
const rest = procedures.flatMap((procedure) =>
  procedure.meta.openapi ? [{ ...procedure, openapi: procedure.meta.openapi }] : [],
);
const restByPath = rest.map(
  (procedure) => [`${procedure.openapi.method} ${procedure.openapi.path}`, procedure] as const,
);

const typeOf = (schema: z.core.$ZodType) => schema._zod.def.type;

/** Every schema within reach of the adapter's coercion, by path: it walks objects, lists and wrappers, but no pipe or union. */
function walk(schema: z.core.$ZodType, path = ""): { path: string; schema: z.core.$ZodType }[] {
  const def = schema._zod.def as unknown as {
    type: string;
    shape?: Record<string, z.core.$ZodType>;
    element?: z.core.$ZodType;
    innerType?: z.core.$ZodType;
    getter?: () => z.core.$ZodType;
  };
  const inner = [
    ...Object.entries(def.shape ?? {}).flatMap(([name, field]) => walk(field, `${path}.${name}`)),
    ...(def.element ? walk(def.element, `${path}[]`) : []),
    ...(def.innerType ? walk(def.innerType, path) : []),
    ...(def.getter ? walk(def.getter(), path) : []),
  ];
  return [{ path, schema }, ...inner];
}

/** The object itself, out of `.optional()` and the like. */
function objectIn(schema: z.core.$ZodType | undefined) {
  const found = schema && walk(schema).find((entry) => entry.path === "" && typeOf(entry.schema) === "object");
  return found?.schema._zod.def as { shape: Record<string, z.core.$ZodType>; catchall?: z.core.$ZodType } | undefined;
}

const parametersOf = (path: string) => [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? "");
const segmentsOf = (path: string) => path.split("/").slice(1);

/** True when a request for `literal` also fits the pattern `path`. */
function swallows(path: string, literal: string): boolean {
  const [pattern, segments] = [segmentsOf(path), segmentsOf(literal)];
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => part.startsWith("{") || part === segments[index])
  );
}

describe.each(byPath)("%s", (path, { meta, output, input, type }: ProcedureInfo) => {
  it("declares what it answers, as an object, or as bytes; as a bare list only where the UI wants one", () => {
    if (meta.download) expect(output, "DownloadOutput").toBe(DownloadOutput);
    else if (meta.stream) expect(output && typeOf(output), "liveStreamOutput").toBe("custom");
    else if (path === "logs.loggers") expect(output && typeOf(output)).toBe("array");
    else expect(output && objectIn(output), "an .output() schema").toBeDefined();
  });

  it("declares who may call it: a permission, or `access`, and not both", () => {
    expect([meta.permission, meta.access].filter((mark) => mark !== undefined)).toHaveLength(1);
    if (meta.permission !== undefined) expect(Permission.options).toContain(meta.permission);
  });

  it("names itself closed to API keys when it is about keys, sessions or passwords", () => {
    const closed = /^(apiKeys|sessions)\.|password$/i.test(path);
    expect(meta.sessionOnly ?? false).toBe(closed);
  });

  it("takes an object that refuses fields it does not know", () => {
    const object = objectIn(input);
    expect(object, "an .input() schema; NoInput when it takes nothing").toBeDefined();
    expect(object?.catchall && typeOf(object.catchall), "z.strictObject").toBe("never");
  });

  it("is named feature.verb, and on REST unless it is a subscription", () => {
    expect(path).toMatch(/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/);
    expect(meta.openapi !== undefined || type === "subscription", "meta.openapi").toBe(meta.upload === undefined);
    expect(meta.stream !== undefined, "meta.stream").toBe(type === "subscription");
    if (meta.upload) expect(meta.takesMail ?? false).toBe(meta.upload.formField === undefined);
  });
});

describe.each(restByPath)("%s", (_name, { openapi, input, type, meta }) => {
  it("has a summary and one tag", () => {
    expect(openapi.summary?.trim()).toBeTruthy();
    expect(openapi.summary).not.toMatch(/\.$/);
    expect(openapi.tags).toHaveLength(1);
  });

  it("reads with GET and changes with the other methods", () => {
    expect(openapi.method === "GET").toBe(type !== "mutation");
  });

  it("has a path of plain segments and whole parameters, without a slash at its end", () => {
    expect(openapi.path).toMatch(/^(\/([a-z][a-z0-9-]*|\{[a-zA-Z]\w*\}))+$/);
  });

  it("takes each parameter of its path, as a text that is required", () => {
    const shape = objectIn(input)?.shape ?? {};
    for (const parameter of parametersOf(openapi.path)) {
      const field = shape[parameter];
      expect(field && ["string", "enum", "pipe"].includes(typeOf(field)), parameter).toBe(true);
    }
    expect(new Set(parametersOf(openapi.path)).size).toBe(parametersOf(openapi.path).length);
  });

  it("has nothing in its input that trpc-to-openapi would coerce in place: use intParam, boolParam or text", () => {
    const coerced = (input ? walk(input) : [])
      .filter(({ schema }) => ["number", "boolean", "bigint", "date"].includes(typeOf(schema)))
      .map(({ path }) => path);
    expect(coerced).toEqual([]);
  });

  it("is marked open in the document exactly when it is", () => {
    expect(openapi.protect === false).toBe(meta.access === "public");
  });
});

describe("the router", () => {
  it("is seen by this test at all", () => {
    expect(procedures.length).toBeGreaterThan(10);
    expect(rest.length).toBeGreaterThan(10);
  });

  it("has no two procedures on one REST method and path, whatever the parameters are called", () => {
    const names = rest.map(
      ({ openapi }) => `${openapi.method} ${openapi.path.replaceAll(/\{\w+\}/g, "{}").toLowerCase()}`,
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it("declares literal REST paths before the parameter paths that would swallow them", () => {
    const swallowed = rest.flatMap((later, index) =>
      rest
        .slice(0, index)
        .filter(({ openapi }) => openapi.method === later.openapi.method && openapi.path.includes("{"))
        .filter(({ openapi }) => swallows(openapi.path, later.openapi.path))
        .map(({ openapi }) => `${openapi.path} before ${later.openapi.path}`),
    );
    expect(swallowed).toEqual([]);
  });
});

describe("what the design promises of the queue", () => {
  it.each([
    ["queue.list", "VIEW_QUEUE"],
    ["queue.enqueue", "MANAGE_QUEUE"],
    ["queue.enqueueRaw", "MANAGE_QUEUE"],
    ["mail.send", "MANAGE_QUEUE"],
    ["mail.sendRaw", "MANAGE_QUEUE"],
    ["queue.retry", "MANAGE_QUEUE"],
    ["queue.retryMany", "MANAGE_QUEUE"],
    ["queue.bounce", "MANAGE_QUEUE"],
    ["queue.bounceMany", "MANAGE_QUEUE"],
    ["queue.delete", "DELETE_QUEUE_ITEMS"],
    ["queue.deleteMany", "DELETE_QUEUE_ITEMS"],
  ])("%s needs %s", (path, permission) => {
    expect(procedures.find((procedure) => procedure.path === path)?.meta.permission).toBe(permission);
  });
});

describe("the checks above", () => {
  it("find a bare number within optional, default, nullable, lists and objects, and none in our helpers", () => {
    const bare = z.strictObject({
      a: z.number().optional(),
      b: z.array(z.strictObject({ c: z.boolean().default(true) })),
      d: z.date().nullable().optional(),
      e: intParam({ min: 1, max: 2, description: "" }).default(1),
      f: boolParam("").optional(),
    });
    const found = walk(bare).filter(({ schema }) => ["number", "boolean", "date"].includes(typeOf(schema)));
    expect(found.map(({ path }) => path)).toEqual([".a", ".b[].c", ".d"]);
  });

  it("tell a path that swallows another one from one that does not", () => {
    expect(swallows("/queue/{uid}", "/queue/retry")).toBe(true);
    expect(swallows("/queue/{uid}", "/queue/retry/x")).toBe(false);
    expect(swallows("/queue/{uid}/retry", "/queue/a/bounce")).toBe(false);
  });
});
