export {
  type BackendWorker,
  type BackendWorkerOptions,
  connectJobs,
  type JobsConnection,
  type JobsConnectionConfig,
} from "./connection.ts";
export { contracts, defineJob, type JobContract } from "./contracts.ts";
export { type JobQueues, openQueues } from "./queue.ts";
export { connectionErrorCode, JobsUnavailableError } from "./wait-until-up.ts";
