/** `pnpm bench`: see docs/performance.md. Exit code 1 when something failed to run; a missed number is a result. */
import { writeFileSync } from "node:fs";
import { help, type Options, readOptions } from "./options.ts";
import { gatewayProgram } from "./machine/gateway-program.ts";
import { leaveMeasuredCore } from "./machine/cores.ts";
import { createMachine, type Machine } from "./machine/machine.ts";
import { createScope, type Scope } from "./machine/scope.ts";
import { appendHistory, describeRun, type Run } from "./report/history.ts";
import { summarizeNewest } from "./report/profile.ts";
import { judge, textTable } from "./report/table.ts";
import { writeDocs } from "./report/docs.ts";
import { LeftOutError, type Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/index.ts";

const whole = createScope();
/** Of the running scenario. */
let current: Scope | undefined;

function choose(names: readonly string[]): Scenario[] {
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new RangeError(`There is no scenario ${unknown}; --list names them.`);
  return scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
}

async function runScenario(
  scenario: Scenario,
  options: Options,
  machineFor: (scope: Scope) => Machine,
): Promise<Run["results"][number]> {
  const begin = performance.now();
  const say = (text: string) => {
    console.log(`${scenario.name}: ${text}`);
  };
  const scope = createScope();
  current = scope;
  try {
    say(scenario.what);
    const { quick, seconds = quick ? 1 : 3, rounds = quick ? 1 : 5 } = options;
    const { figures, notes } = await scenario.run({ options, machine: machineFor(scope), seconds, rounds, say });
    const rows = judge(scenario.name, figures, { complete: !quick });
    return { scenario: scenario.name, seconds: Math.round((performance.now() - begin) / 100) / 10, rows, notes };
  } finally {
    await scope.end();
  }
}

async function bench(options: Options): Promise<void> {
  const chosen = choose(options.names);
  if (options.list) {
    for (const { name, what } of scenarios) console.log(`${name.padEnd(16)} ${what}`);
    return;
  }
  leaveMeasuredCore();
  const program = await gatewayProgram(options);
  const machineFor = await createMachine(whole, { program, profile: options.profile });
  const run: Run = { ...describeRun(program.kind), results: [] };
  for (const scenario of chosen) {
    try {
      const result = await runScenario(scenario, options, machineFor);
      run.results.push(result);
      console.log(`\n${textTable(result.rows)}`);
      for (const note of result.notes) console.log(`  ${note}`);
      if (options.profile)
        console.log(`\nWhere the gateway's time went, ${summarizeNewest(options.profile) ?? "nobody knows"}\n`);
      console.log(`  (${result.seconds} s)\n`);
    } catch (error) {
      if (error instanceof LeftOutError) {
        console.log(`${scenario.name}: left out: ${error.message}\n`);
        continue;
      }
      process.exitCode = 1;
      console.error(`${scenario.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  const judged = run.results.flatMap(({ rows }) => rows).filter(({ ok }) => ok !== undefined);
  if (chosen.length > 1) console.log(`${textTable(judged)}\n`);
  console.log(`${judged.filter(({ ok }) => ok).length} of ${judged.length} asked-for figures are reached.`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(run, null, 2)}\n`);
  if (options.history && !options.quick && !options.profile) appendHistory(run);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    console.error("Stopping...");
    void Promise.resolve(current?.end())
      .then(() => whole.end())
      .then(() => process.exit(130));
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(help);
  else if (options.writeDocs) writeDocs();
  else await bench(options);
} catch (error) {
  process.exitCode = 1;
  console.error(error instanceof Error ? error.message : error);
} finally {
  await whole.end();
}
process.exit();
