export {
  type BackendWorker,
  type BackendWorkerOptions,
  connectJobs,
  type JobsConnection,
  type JobsConnectionConfig,
} from "./connection.ts";
export { contracts, defineJob, type JobContract } from "./contracts.ts";
export { type FailedJob, type JobCounts, type JobOverview, type JobQueues, openQueues } from "./queue.ts";
export { isConnectionError } from "./connection-error.ts";
export { JobsUnavailableError } from "./wait-until-up.ts";
export { createJobsInspector, type JobsInspector } from "./inspector.ts";
