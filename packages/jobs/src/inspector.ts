import type { JobsConnectionConfig } from "./connection.ts";
import type { JobContract } from "./contracts.ts";
import type { JobOverview, JobQueues } from "./queue.ts";

/** Looks at jobs without working on them. */
export interface JobsInspector {
  /** @throws JobsUnavailableError, or the driver's error, when the server of the jobs is away. */
  inspect(): Promise<{ contract: JobContract; overview: JobOverview }[]>;
  close(): Promise<void>;
}

interface Opened {
  queues: JobQueues;
  close(): Promise<void>;
}

/**
 * Loads what it needs and connects when it is first asked, and again when that has failed: most processes are never
 * asked, and BullMQ takes ten megabytes.
 */
export function createJobsInspector(
  config: JobsConnectionConfig,
  contracts: readonly JobContract[],
  onError: (error: Error) => void,
): JobsInspector {
  let opening: Promise<Opened> | undefined;

  async function open(): Promise<Opened> {
    const [{ connectJobs }, { openQueues }] = await Promise.all([import("./connection.ts"), import("./queue.ts")]);
    const connection = await connectJobs(config);
    const queues = await openQueues(connection, contracts, { onError });
    return {
      queues,
      close: async () => {
        await queues.close();
        await connection.close();
      },
    };
  }
  return {
    inspect: async () => {
      opening ??= open();
      const { queues } = await opening.catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return Promise.all(contracts.map(async (contract) => ({ contract, overview: await queues.inspect(contract) })));
    },
    close: async () => {
      const opened = await opening?.catch(() => undefined);
      await opened?.close();
    },
  };
}
