import { createLogOutput } from "../src/log-output.ts";

/**
 * A process that logs more than its reader takes, tells its parent what that cost, and ends while lines wait.
 * Arguments: lines to write, characters that may wait.
 */
const [lines, waitingMax] = process.argv.slice(2).map(Number) as [number, number];
const output = createLogOutput({ waitingMax });
const startedAt = performance.now();
for (let n = 0; n < lines; n += 1) output.write(`{"n":${n},"text":"${"é".repeat(n % 300)}"}\n`);
process.send?.({ dropped: output.dropped(), tookMs: performance.now() - startedAt }, () => process.exit());
