import type { Context } from "../context.ts";
import { keyFor } from "./answer-key.ts";
import { tagsOfMutation } from "./rules.ts";

interface Call {
  ctx: Context;
  path: string;
  type: "query" | "mutation" | "subscription";
  getRawInput: () => Promise<unknown>;
  /** Runs the procedure with these parts of its context; rejects where it fails. */
  run: (parts: Partial<Context>) => Promise<unknown>;
}

/**
 * Runs a procedure, or takes its answer from the cache; after a mutation, drops what it changed. Belongs behind the
 * checks of who may call it. Rejects as the procedure does.
 */
export async function readThrough({ ctx, path, type, getRawInput, run }: Call): Promise<unknown> {
  const { cache } = ctx.deps;
  if (type === "mutation") {
    return run({}).finally(() => cache.invalidate(tagsOfMutation(path)));
  }
  const rule = type === "query" ? cache.ruleOf(path) : undefined;
  // A sign-in that could not be checked is for the procedure to look at.
  if (!rule || (rule.sharedBy === "being signed in" && ctx.authenticationError)) return run({});
  const base = cache.keyOf(path, await getRawInput());
  if (base === undefined) return run({});

  // Those who join later, or are not even there any more, share the time of the first.
  const deadlineAt = ctx.deadlineAt();
  const { value, result, answer } = await cache.read({
    procedure: path,
    base,
    key: keyFor(base, rule, ctx.principal),
    signal: ctx.signal,
    ask: (signal) => run({ signal, deadlineAt: () => deadlineAt }),
  });
  const { trace } = ctx;
  trace.cache = result;
  trace.answer = answer;
  if (result === "stale" && answer) trace.ageSeconds = Math.max(trace.ageSeconds ?? 0, cache.ageSeconds(answer));
  return value;
}
