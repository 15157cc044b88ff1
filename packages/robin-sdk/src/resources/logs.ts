import { checked } from "../input.ts";
import type { CallOptions, Transport } from "../transport.ts";
import { createLineSplitter } from "./logs.lines.ts";
import { LogQuery, LogSearchLimits, type LogSearchOutcome } from "./logs.schemas.ts";

export interface LogSearchOptions extends CallOptions {
  /** Bytes of lines to give out at most, 8 MiB by default. */
  bytesMax?: number | undefined;
}

/**
 * Raw lines as they arrive, without line ends; iterate once. Nothing is asked before the first line is, and nothing is
 * read ahead of the reader: memory holds one chunk and one line. Leaving the loop closes the connection.
 */
export interface LogSearch extends AsyncIterable<string> {
  /** Undefined until the iteration has ended, and after it has failed. */
  outcome(): LogSearchOutcome | undefined;
}

export interface LogsResource {
  /**
   * Lines that contain a text: first today's, then yesterday's, each in order of time; older ones are out of reach.
   * `GET /logs`. Robin reads both files whole, and serves nobody else meanwhile. Its own lines about this search and
   * earlier ones are among the results, see `isLogSearchEcho`; `parseLogEntries` makes entries of the lines.
   *
   * Throws RobinInputError at once for a blank query (Robin would answer with its usage). The iteration rejects with
   * RobinError; the deadline covers the reader's time as well. Tried again once if the connection breaks before the
   * answer begins. Status 500 means that Robin does not know where its log is.
   */
  search(query: LogQuery, options?: LogSearchOptions): LogSearch;
}

export function createLogsResource(transport: Transport): LogsResource {
  return {
    search(input, { bytesMax, ...options } = {}) {
      const { query } = checked(LogQuery, input);
      const limits = checked(LogSearchLimits, { bytesMax });
      let outcome: LogSearchOutcome | undefined;

      async function* lines(): AsyncGenerator<string, void, undefined> {
        const { body } = await transport.stream(
          {
            service: "client",
            method: "GET",
            endpoint: "/logs",
            query: new URLSearchParams({ query }),
            mediaType: "text/plain",
            large: true,
            lane: "logs",
            answeredErrors: [500],
          },
          options,
        );
        const splitter = createLineSplitter(limits.bytesMax);
        const ownLine = `Searching logs for query: '${query}'`;
        let sawItself = false;
        let isComplete = false;
        let hasFailed = true;
        try {
          // Leaving this loop early cancels the body, and with it the connection.
          for await (const chunk of body) {
            for (const line of splitter.push(chunk)) {
              sawItself ||= line.endsWith(ownLine);
              hasFailed = false;
              yield line;
              hasFailed = true;
            }
            if (splitter.isFull()) break;
          }
          hasFailed = false;
          if (!splitter.isFull()) yield* splitter.end();
          isComplete = !splitter.isFull();
        } finally {
          // A reader who leaves does so at a yield; everything else that comes here early is a failure.
          if (!hasFailed) outcome = { truncated: !isComplete, ...splitter.counts(), sawItself };
        }
      }

      const iterator = lines();
      return { [Symbol.asyncIterator]: () => iterator, outcome: () => outcome };
    },
  };
}
