import { listProcedures, type ProcedureInfo } from "@robin/api";
import type { Request } from "express";

/** What answers at a path of the REST surface. */
export interface RestRoute {
  /** Upper case; HEAD is there where GET is. */
  methods: string[];
  /** By method and type of the body. Undefined when the path does not take the method. */
  operation(req: Request): RestOperation | undefined;
}

export interface RestOperation {
  procedure: ProcedureInfo;
  /** The values of the path's parameters, still percent-encoded. */
  parameters: Record<string, string>;
}

/** What is known of a request once its path is; kept in `res.locals`. */
export interface RestLocals {
  operation: RestOperation;
}

interface PathEntry {
  pattern: RegExp;
  hasParameters: boolean;
  byMethod: Map<string, ProcedureInfo>;
  upload?: ProcedureInfo;
}

/** Segments that trpc-to-openapi would resolve, to run another procedure than the one whose path was found here. */
const detour = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** The REST paths of all procedures; trpc-to-openapi itself knows only "not found". A path without parameters wins. */
export function createRestRoutes(): (path: string) => RestRoute | undefined {
  const entries = new Map<string, PathEntry>();
  const entryOf = (path: string): PathEntry => {
    const source = path.replaceAll(".", "\\.").replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)");
    const entry = entries.get(path) ?? {
      pattern: new RegExp(`^${source}/?$`, "i"),
      hasParameters: path.includes("{"),
      byMethod: new Map<string, ProcedureInfo>(),
    };
    entries.set(path, entry);
    return entry;
  };
  for (const procedure of listProcedures()) {
    const { openapi, upload, stream } = procedure.meta;
    if (openapi) entryOf(openapi.path).byMethod.set(openapi.method, procedure);
    if (stream) entryOf(stream.path).byMethod.set("GET", procedure);
    if (upload) entryOf(upload.path).upload = procedure;
  }

  return (path) => {
    const possible = detour.test(path) ? [] : [...entries.values()].filter(({ pattern }) => pattern.test(path));
    const literal = possible.filter(({ hasParameters }) => !hasParameters);
    const matching = literal.length > 0 ? literal : possible;
    if (matching.length === 0) return undefined;
    const methods = [...new Set(matching.flatMap(({ byMethod }) => [...byMethod.keys()]))];
    return {
      methods: methods.includes("GET") ? [...methods, "HEAD"] : methods,
      operation(req) {
        const method = req.method === "HEAD" ? "GET" : req.method;
        const entry = matching.find(({ byMethod }) => byMethod.has(method));
        if (!entry) return undefined;
        const { upload } = entry;
        const isUpload = method === "POST" && upload?.meta.upload && req.is(upload.meta.upload.mediaType);
        const procedure = isUpload ? upload : entry.byMethod.get(method);
        return procedure && { procedure, parameters: { ...entry.pattern.exec(path)?.groups } };
      },
    };
  };
}
