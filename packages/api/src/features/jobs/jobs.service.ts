import { isConnectionError, JobsUnavailableError } from "@robin/jobs";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import type { ListJobsOutput } from "./jobs.schemas.ts";

/** @throws AppError `upstream_unavailable` while the server that keeps the jobs is away. */
export async function listJobs({ deps }: Context): Promise<ListJobsOutput> {
  const inspected = await deps.jobs.inspect().catch((error: unknown) => {
    if (!(error instanceof JobsUnavailableError) && !(error instanceof Error && isConnectionError(error))) throw error;
    throw new AppError("upstream_unavailable", "The server that keeps the jobs is away.", { cause: error });
  });
  return {
    jobs: inspected
      .map(({ contract: { name, schedule }, overview }) => ({
        name,
        ...(schedule && { everySeconds: (overview.everyMs ?? schedule.everyMs) / 1000 }),
        ...(overview.nextAt && { nextAt: overview.nextAt }),
        counts: overview.counts,
        failures: overview.failures,
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
  };
}
