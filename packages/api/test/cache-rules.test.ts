import { z } from "zod";
import { describe, expect, it } from "vitest";
import { type CacheRule, cacheRules, tagsOfMutation } from "../src/cache/rules.ts";
import { listProcedures } from "../src/root.ts";

const procedures = listProcedures();
const rules: [path: string, rule: CacheRule][] = Object.entries(cacheRules);
const featureOf = (path: string) => path.split(".", 1)[0] ?? "";

describe("each kept answer", () => {
  it.each(rules)("%s is that of a query with an answer in one piece", (path) => {
    const procedure = procedures.find((each) => each.path === path);
    expect(procedure).toMatchObject({ type: "query" });
    expect(procedure?.meta.download).toBeUndefined();
    expect(procedure?.meta.openapi?.method).toBe("GET");
  });

  it.each(rules)("%s is shared among those who may ask for it", (path, { sharedBy }) => {
    const { permission, access } = procedures.find((each) => each.path === path)?.meta ?? {};
    if (sharedBy === "permission") expect(permission).toBeDefined();
    else expect([permission, access]).toEqual([undefined, "public"]);
  });

  it.each(rules)("%s has an input that can be read without waiting", (path) => {
    const input = procedures.find((each) => each.path === path)?.input;
    expect(() => input && z.safeParse(input, {})).not.toThrow();
  });

  it.each(rules)("%s is fresh for no longer than the design allows", (path, { ttlMs }) => {
    const secondsMax: Record<string, number> = { auth: 3600, config: 300, metrics: 60 };
    const seconds = path === "logs.loggers" ? 60 : (secondsMax[featureOf(path)] ?? 5);
    expect(ttlMs).toBeLessThanOrEqual(seconds * 1000);
  });
});

/** Features whose mutations change nothing that is kept, each with the reason. */
const unrelated: Record<string, string> = {
  aliases: "our own table",
  alertRules: "our own table",
  alertWebhooks: "our own table",
  apiKeys: "our own table",
  auth: "verify looks at the sign-in first; a password does not show in lists",
  blocklist: "our own table",
  domains: "our own table",
  gateway: "about this process",
  mailUsers: "only tries a password",
  queueRules: "our own table; the worker tells what their runs did",
  scanners: "only asks for something to be scanned",
  sessions: "our own table",
};

describe("each change", () => {
  const mutations = procedures.filter(({ type }) => type === "mutation").map(({ path }) => path);

  it.each(mutations)("%s drops what it changes, or is known to change nothing that is kept", (path) => {
    const isUnrelated = featureOf(path) in unrelated;
    expect(tagsOfMutation(path).length > 0).toBe(!isUnrelated);
  });

  it.each(rules.filter(([path]) => !(featureOf(path) in unrelated)))(
    "%s has its tags among those of its feature's mutations",
    (path, { tags }) => {
      const own = mutations.filter((each) => featureOf(each) === featureOf(path));
      for (const mutation of own) expect(tags).toEqual(expect.arrayContaining([...tagsOfMutation(mutation)]));
    },
  );
});
