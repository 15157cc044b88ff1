import { defineConfig } from "vitest/config";

const everywhere = [
  "packages/*/{src,test,scripts}",
  "apps/*/{src,test,scripts}",
  "bench/{src,test}",
  "tooling/*",
  "scripts",
];
const unit = everywhere.map((folder) => `${folder}/**/*.test.ts`);
const integration = everywhere.map((folder) => `${folder}/**/*.integration.test.ts`);
// Named by scripts/test.ts where something that they need cannot be had; the command line does not reach the projects.
const leftOut = (process.env.ROBIN_TEST_LEFT_OUT ?? "").split(",").filter((file) => file !== "");
const outside = ["**/node_modules/**", "**/dist/**", "**/generated/**", ...leftOut];

export default defineConfig({
  test: {
    retry: 0,
    projects: [
      { extends: true, test: { name: "unit", include: unit, exclude: [...outside, "**/*.integration.test.ts"] } },
      {
        extends: true,
        test: {
          name: "integration",
          include: integration,
          exclude: outside,
          globalSetup: "tooling/vitest/global-setup.ts",
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: {
      provider: "v8",
      // Files that no test imports count too.
      include: ["packages/*/src/**/*.ts", "apps/*/src/**/*.ts"],
      exclude: ["**/generated/**", "**/*.test.ts", "**/*.d.ts"],
      reporter: ["text-summary", "text"],
      thresholds: { lines: 85, branches: 85, statements: 85, functions: 85 },
    },
  },
});
