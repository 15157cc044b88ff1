import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The server of this test run, as its superuser. */
    postgresUrl: string;
    /** A migrated, empty database on it, to be cloned. */
    postgresTemplate: string;
    /** Null where no redis-server is installed. */
    redisUrl: string | null;
  }
}

/** URL of the redis-server of this test run. All test files share it: use a prefix of your own. */
export function testRedisUrl(): string {
  const url = inject("redisUrl");
  if (url === null) throw new Error("This suite needs redis-server on PATH (apt-get install redis-server).");
  return url;
}
