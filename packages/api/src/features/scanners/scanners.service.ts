import { z } from "zod";
import { type Context, readOptions } from "../../context.ts";
import { withAudit } from "../audit/audit.service.ts";
import { readOwnDocument } from "../config/documents.ts";
import { askClamd } from "./clamd.ts";
import { pingRspamd, readRspamdStatistics } from "./rspamd.ts";
import { addressText, ipAddressesOf, sameAddress, type ScannerAddress, type ScannerTarget } from "./scanner-address.ts";
import { ScannerFailure, withinDeadline } from "./scanner-failure.ts";
import type { ClamavStatus, RspamdStatus, ScannerTestResult, TestScannerInput } from "./scanners.schemas.ts";

/** What the operator says in the environment. */
export interface ScannerConfig {
  /** Where the gateway reaches clamd; where Robin's configuration has it by default. */
  clamav?: ScannerAddress | undefined;
  /** The same for Rspamd's worker. */
  rspamd?: ScannerAddress | undefined;
  /** Rspamd's controller; port 11334 beside the worker by default. */
  rspamdController?: ScannerAddress | undefined;
  /**
   * Goes to `rspamdController` alone: whoever may change Robin's configuration must not have it sent elsewhere.
   * Without it the one that was saved with that configuration is used.
   */
  rspamdPassword?: string | undefined;
  /** What may be tested beside the configured addresses. */
  testTargets?: readonly ScannerAddress[] | undefined;
  /** Robin runs on this host, so its localhost is ours. */
  sharesHostWithRobin?: boolean | undefined;
}

interface ScannerCall extends ScannerAddress {
  ipAddress: string;
  signal: AbortSignal;
}

interface Scanner {
  section: "clamav" | "rspamd";
  title: string;
  program: string;
  /** Robin's own default. */
  port: number;
  testAction: string;
  ask: (call: ScannerCall) => Promise<{ version?: string }>;
}

const clamav: Scanner = {
  section: "clamav",
  title: "ClamAV",
  program: "clamd",
  port: 3310,
  testAction: "scanners.testClamav",
  ask: askClamd,
};
const rspamd: Scanner = {
  section: "rspamd",
  title: "Rspamd",
  program: "Rspamd",
  port: 11_333,
  testAction: "scanners.testRspamd",
  ask: pingRspamd,
};
const rspamdControllerPort = 11_334;

/** Asks clamd for at most two seconds. */
export async function clamavStatus(ctx: Context): Promise<ClamavStatus> {
  const { enabled, target } = await configured(ctx, clamav);
  return enabled ? statusOf(ctx, clamav, target) : switchedOff(clamav);
}

/** Asks Rspamd's worker and its controller for at most two seconds. The counters are left out when it tells none. */
export async function rspamdStatus(ctx: Context): Promise<RspamdStatus> {
  const { enabled, target } = await configured(ctx, rspamd);
  if (!enabled) return switchedOff(rspamd);
  const [status, statistics] = await Promise.all([statusOf(ctx, rspamd, target), rspamdStatistics(ctx, target)]);
  return status.status === "UP" ? { ...status, ...statistics } : status;
}

export function testClamav(ctx: Context, input: TestScannerInput): Promise<ScannerTestResult> {
  return test(ctx, clamav, input);
}

export function testRspamd(ctx: Context, input: TestScannerInput): Promise<ScannerTestResult> {
  return test(ctx, rspamd, input);
}

interface Configured {
  enabled: boolean;
  /** As Robin's configuration has it. */
  address: ScannerAddress;
  /** Where the gateway finds it. */
  target: ScannerTarget;
}

/** Robin's configuration, with Robin's own defaults where it is silent. */
async function configured(ctx: Context, { section, port }: Scanner): Promise<Configured> {
  const Section = z.object({
    enabled: z.boolean().catch(false),
    host: z.string().min(1).catch("localhost"),
    port: z.coerce.number().int().min(1).max(65_535).catch(port),
  });
  const sections = await ctx.deps.robin.config.sections(readOptions(ctx));
  const values = sections.find(({ name }) => name === section)?.values ?? {};
  const { enabled, ...address } = Section.parse(values);
  const named = ctx.deps.scanners[section];
  return { enabled, address, target: { ...(named ?? address), trusted: named !== undefined } };
}

function switchedOff({ title }: Scanner) {
  return { status: "UNKNOWN" as const, error: `${title} is switched off in Robin's configuration.` };
}

async function statusOf(ctx: Context, scanner: Scanner, target: ScannerTarget): Promise<ClamavStatus> {
  const lastCheck = ctx.deps.clock.now();
  const answer = await orFailure(look(ctx, target, scanner.ask));
  if (!(answer instanceof ScannerFailure)) return { status: "UP", ...answer, lastCheck };
  const error = failureText(scanner, target, answer);
  return answer.kind === "unseen" ? { status: "UNKNOWN", error } : { status: "DOWN", error, lastCheck };
}

async function rspamdStatistics(ctx: Context, { host, trusted }: ScannerTarget) {
  const { rspamdController: named, rspamdPassword } = ctx.deps.scanners;
  const target = named ? { ...named, trusted: true } : { host, trusted, port: rspamdControllerPort };
  const password = (named && rspamdPassword) ?? (await savedPassword(ctx));
  const statistics = await orFailure(look(ctx, target, (call) => readRspamdStatistics(call, password)));
  return statistics instanceof ScannerFailure ? undefined : statistics;
}

/** Saved by the Robin UI beside Rspamd's address, as `apiKey`. */
async function savedPassword({ deps }: Context): Promise<string | undefined> {
  const { apiKey } = (await readOwnDocument(deps.db, "rspamd")).value;
  // Others cannot travel in a header.
  return typeof apiKey === "string" && /^[!-~]+$/.test(apiKey) ? apiKey : undefined;
}

const statusByFailure = { down: "DOWN", timeout: "TIMEOUT", garbage: "ERROR", unseen: "ERROR" } as const;

async function test(ctx: Context, scanner: Scanner, { config }: TestScannerInput): Promise<ScannerTestResult> {
  const { address, target: own } = await configured(ctx, scanner);
  const wanted = config ?? address;
  const audit = { action: scanner.testAction, targets: [addressText(wanted)] };
  return withAudit(ctx, audit, async () => {
    const allowed = ctx.deps.scanners.testTargets?.find((one) => sameAddress(one, wanted));
    const isOwn = sameAddress(wanted, address) || sameAddress(wanted, own);
    // Never what the caller wrote, only what it equals.
    const target = isOwn ? own : allowed && { ...allowed, trusted: true };
    if (!target) {
      const message =
        "Only the address in Robin's configuration can be tested: save this one first, or have the operator add it to SCANNER_TEST_TARGETS.";
      return { success: false, status: "ERROR", message };
    }
    const startedAt = performance.now();
    const answer = await orFailure(look(ctx, target, scanner.ask));
    const responseTime = Math.round(performance.now() - startedAt);
    if (answer instanceof ScannerFailure) {
      const message = failureText(scanner, target, answer);
      return { success: false, status: statusByFailure[answer.kind], message, responseTime };
    }
    const { version } = answer;
    const message = `${scanner.program} at ${addressText(target)} answered.`;
    return {
      success: true,
      status: "UP",
      message,
      responseTime,
      ...(version !== undefined && { details: { version } }),
    };
  });
}

function look<Answer>(
  ctx: Context,
  target: ScannerTarget,
  ask: (call: ScannerCall) => Promise<Answer>,
): Promise<Answer> {
  const sharesHost = ctx.deps.scanners.sharesHostWithRobin ?? false;
  return withinDeadline(ctx.signal, async (signal) => {
    const { host, port } = target;
    let failure = new ScannerFailure("down", "the name leads nowhere");
    // A name may lead to ::1 as well as to 127.0.0.1, and the scanner listens on one of them.
    for (const ipAddress of await ipAddressesOf(target, { sharesHost })) {
      const answer = await orFailure(ask({ ipAddress, host, port, signal }));
      if (!(answer instanceof ScannerFailure)) return answer;
      failure = answer;
      if (failure.kind !== "down") break;
    }
    throw failure;
  });
}

/** A scanner that does not answer is an answer to the question whether it does. */
async function orFailure<Answer>(answer: Promise<Answer>): Promise<Answer | ScannerFailure> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ScannerFailure) return error;
    throw error;
  }
}

function failureText({ program, section }: Scanner, target: ScannerTarget, { kind, message }: ScannerFailure): string {
  const hint = kind === "unseen" ? ` ${section.toUpperCase()}_ADDRESS tells the gateway where it is.` : "";
  return `${program} at ${addressText(target)}: ${message}.${hint}`;
}
