import { type CacheRule, cacheRules, tagsOfFeature } from "../src/cache/rules.ts";

const sharing: Record<CacheRule["sharedBy"], string> = {
  everyone: "everyone",
  permission: "who holds its permission",
  "being signed in": "who is signed in, or is not, alike",
};

/** `docs/caching.md`, from the rules. */
export function cachingDocument(): string {
  const rows = Object.entries(cacheRules).map(
    ([procedure, { ttlMs, sharedBy, tags, always }]) =>
      `| \`${procedure}\` | ${ttlMs / 1000} | ${sharing[sharedBy]} | ${namesOf(tags)} | ${always ? "yes" : ""} |`,
  );
  const changes = Object.entries(tagsOfFeature).map(([feature, tags]) => `| \`${feature}.*\` | ${namesOf(tags)} |`);
  return `# What is kept, and for how long

Robin answers one request at a time, and its users poll. So each process keeps the answers of the queries below: as long as one is fresh, any number of callers cost Robin nothing, and those who ask while it is on its way wait for the same one. The rules are \`packages/api/src/cache/rules.ts\`, this page is made of them, and ADR 0015 tells why it is so.

- Sign-in, permission and limits are looked at first, each time. Errors, messages and downloads are not kept.
- What changes something drops what it changes, whether it succeeds or not: in its own process at once, in the others as soon as they hear of it (Redis or PostgreSQL). So does a change of the queue that the worker sees.
- When Robin fails, an answer up to \`CACHE_STALE_SECONDS\` older than fresh is given instead, with \`Warning: 110\` and its \`Age\` in seconds. The same goes for one that was fresh within the last ten seconds while Robin takes more than 0.1 seconds. After a change, though, an answer from before it is given only when Robin has failed since.
- Answers have a strong \`ETag\` for each encoding, so who sends \`If-None-Match\` gets 304 while nothing has changed. \`Cache-Control: private, no-cache\` has browsers ask each time.
- \`CACHE_MAX_MB\` bounds the memory of each process; what was not asked for the longest goes first. \`GET /api/v1/gateway/cache\` tells what is there, and \`DELETE\` drops it in all processes.
- \`CACHE_ENABLED=false\` leaves what is marked as always kept: Robin would not bear each caller asking for himself.

| query | fresh for seconds | shared by | dropped by changes of | always |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

An answer of \`config.get\` for which Robin was too slow to say what is in force is kept for 5 seconds.

| change | drops what is under |
| --- | --- |
${changes.join("\n")}
`;
}

function namesOf(tags: readonly string[]): string {
  return tags.map((tag) => `\`${tag}\``).join(", ");
}
