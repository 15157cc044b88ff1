/** What the bench itself reads from the environment; the programs that it starts get the rest of it as it is. */
export const benchEnv = {
  /** A PostgreSQL database to use instead of an embedded one; it is migrated. */
  databaseUrl: process.env.BENCH_DATABASE_URL,
};

/** For children: the environment of this process without what would change the product under test. */
export function childEnv(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH, HOME, LANG, TMPDIR, ...extra };
}
