import { NoInput } from "../../rest-input.ts";
import { robinProcedure, router } from "../../trpc.ts";
import { EntriesOutput, ThreadsOutput } from "./diagnostics.schemas.ts";
import { environmentOfRobin, propertiesOfRobin, threadsOfRobin } from "./diagnostics.service.ts";

const tags = ["Diagnostics"];

export const diagnosticsRouter = router({
  env: robinProcedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      openapi: {
        method: "GET",
        path: "/diagnostics/env",
        tags,
        summary: "Read the environment of Robin's process",
        description: "Secrets read `********`.",
      },
    })
    .input(NoInput)
    .output(EntriesOutput)
    .query(({ ctx }) => environmentOfRobin(ctx)),

  properties: robinProcedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      openapi: {
        method: "GET",
        path: "/diagnostics/properties",
        tags,
        summary: "Read the Java system properties of Robin's process",
        description: "Secrets read `********`.",
      },
    })
    .input(NoInput)
    .output(EntriesOutput)
    .query(({ ctx }) => propertiesOfRobin(ctx)),

  threads: robinProcedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      openapi: { method: "GET", path: "/diagnostics/threads", tags, summary: "List the threads of Robin's process" },
    })
    .input(NoInput)
    .output(ThreadsOutput)
    .query(({ ctx }) => threadsOfRobin(ctx)),
});
