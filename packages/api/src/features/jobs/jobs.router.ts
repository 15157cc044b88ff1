import { procedure, router } from "../../trpc.ts";
import { ListJobsInput, ListJobsOutput } from "./jobs.schemas.ts";
import { listJobs } from "./jobs.service.ts";

export const jobsRouter = router({
  list: procedure
    .meta({
      permission: "MANAGE_SERVER_CONFIG",
      openapi: {
        method: "GET",
        path: "/gateway/jobs",
        tags: ["Gateway"],
        summary: "List the jobs that run in the background",
        description: "With their schedules and what went wrong lately.",
      },
    })
    .input(ListJobsInput)
    .output(ListJobsOutput)
    .query(({ ctx }) => listJobs(ctx)),
});
