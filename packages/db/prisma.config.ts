import { defineConfig } from "prisma/config";

// No URL: generating needs none, and migrations are applied by src/migrate.ts.
export default defineConfig({ schema: "prisma/schema.prisma", migrations: { path: "prisma/migrations" } });
