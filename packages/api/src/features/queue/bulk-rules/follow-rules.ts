import type { Db, Prisma } from "@robin/db";
import type { Clock, Logger } from "../../../context.ts";
import { AppError } from "../../../errors.ts";
import { permissionsOf } from "../../../permissions.ts";
import { withAudit } from "../../audit/audit.service.ts";
import { auditTargets, permissionFor } from "../bulk/bulk.service.ts";
import { actionOf, activeStatuses, countMatches, createRun, queueSeenAt } from "../bulk/bulk-store.ts";
import { QueueFilter } from "../bulk/filter.schemas.ts";

export interface RuleParts {
  db: Db;
  clock: Clock;
  logger: Logger;
}

/** Nothing is done by an older view of the queue. */
const staleMs = 5 * 60_000;

const withOwner = {
  owner: { include: { roles: true } },
  runs: { where: { status: { in: [...activeStatuses] } }, select: { id: true }, take: 1 },
} satisfies Prisma.QueueRuleInclude;
type RuleRow = Prisma.QueueRuleGetPayload<{ include: typeof withOwner }>;

interface Outcome {
  lastMatches: number | null;
  lastProblem: string | null;
}

/** Orders a bulk run for each rule whose time has come and that finds something. */
export async function followQueueRules(parts: RuleParts): Promise<{ looked: number }> {
  const { db, clock, logger } = parts;
  const now = clock.now();
  const rules = await db.queueRule.findMany({ where: { enabled: true }, include: withOwner });
  let looked = 0;
  for (const rule of rules) {
    const { id, lastRunAt, intervalSeconds } = rule;
    // A clock that was put back does not make a rule rest for longer.
    const isResting = lastRunAt && lastRunAt <= now && now.getTime() - lastRunAt.getTime() < intervalSeconds * 1000;
    if (isResting) continue;
    const where = { id, lastRunAt, enabled: true, updatedAt: rule.updatedAt };
    const { count } = await db.queueRule.updateMany({ where, data: { lastRunAt: now } });
    // Another worker took it, or somebody has just changed it.
    if (count === 0) continue;
    looked += 1;
    const outcome = await follow(parts, rule, now);
    if (outcome.lastProblem !== null) logger.warn({ rule: rule.name, reason: outcome.lastProblem }, "queue rule rests");
    await db.queueRule.updateMany({ where: { id }, data: outcome });
  }
  return { looked };
}

async function follow(parts: RuleParts, rule: RuleRow, now: Date): Promise<Outcome> {
  const { db, clock, logger } = parts;
  const action = actionOf[rule.action];
  const problem = ownerProblem(rule);
  if (problem !== undefined) return { lastMatches: null, lastProblem: problem };
  try {
    if (now.getTime() - (await queueSeenAt(db)).getTime() > staleMs) {
      return { lastMatches: null, lastProblem: "Nobody has looked at the queue for five minutes." };
    }
    const filter = QueueFilter.parse(rule.filter);
    const totals = await countMatches(db, { action, filter, now });
    const lastMatches = totals.ready + totals.claimed + totals.dead;
    // What it ordered the last time is still going on.
    if (lastMatches === 0 || rule.runs.length > 0) return { lastMatches, lastProblem: null };
    const ctx = {
      principal: undefined,
      requestId: `rule:${rule.id}`,
      ipAddress: "worker",
      deps: { db, clock, logger },
    };
    const targets = [...auditTargets(action, { filter }), `rule: ${rule.name}`];
    await withAudit(ctx, { action: "queue.bulk", targets }, (entry) => {
      entry.actor = rule.owner ? { id: rule.owner.id, username: rule.owner.username } : undefined;
      return createRun(db, { action, filter, requestedBy: rule.updatedBy, ruleId: rule.id, now });
    });
    return { lastMatches, lastProblem: null };
  } catch (error) {
    if (error instanceof AppError) return { lastMatches: null, lastProblem: error.publicMessage };
    throw error;
  }
}

/** A rule does what its owner may do, and no longer than that. */
function ownerProblem({ owner, action, updatedBy }: RuleRow): string | undefined {
  const roles = owner && !owner.disabledAt ? owner.roles.map(({ role }) => role) : [];
  if (permissionsOf(roles).includes(permissionFor[actionOf[action]])) return undefined;
  return `${updatedBy} may not do this any more: somebody who may has to save the rule again.`;
}
