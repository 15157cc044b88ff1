import type { Linter } from "eslint";

/** What each workspace must not import: the arrows of ARCHITECTURE.md, apps -> api -> { sdk, db, jobs }. */
const forbidden: Record<string, string[]> = {
  "packages/robin-sdk": ["@robin/*", "express", "@trpc/*", "@prisma/*"],
  "packages/robin-simulator": ["@robin/*", "express"],
  "packages/robin-config-files": ["@robin/*", "express", "@trpc/*", "@prisma/*"],
  "packages/db": ["@robin/*", "@trpc/*", "express"],
  "packages/events": ["@robin/*", "@trpc/*", "express"],
  "packages/jobs": ["@robin/*", "@trpc/*", "express"],
  "packages/tracing": ["@robin/*", "@trpc/*", "express"],
  "packages/api": ["@robin/gateway", "@robin/worker", "@robin/simulator", "express", "ky", "undici", "cockatiel"],
  "apps/gateway": ["@robin/worker", "@robin/simulator", "@prisma/*", "ky", "undici", "cockatiel"],
  "apps/worker": ["@robin/gateway", "@robin/simulator", "@prisma/*", "express", "ky", "undici", "cockatiel"],
};

/** Another workspace is imported by its name; a path into its folder would go around its interface. */
const foreignFolders = ["**/packages/*/**", "**/apps/*/**"];

/** The import rule for the sources of the workspace in `folder`; nothing for other folders. */
export function importBoundaries(folder: string): Linter.Config {
  const workspace = Object.entries(forbidden).find(([name]) => folder.replaceAll("\\", "/").endsWith(`/${name}`));
  if (!workspace) return {};
  const group = [...workspace[1], ...foreignFolders];
  const message = "This import goes against the arrows of ARCHITECTURE.md.";
  return {
    files: ["src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] },
  };
}

/** The only files that read the environment; everything else takes its configuration as arguments. */
const environmentReaders = [
  "**/env.ts",
  "**/*.config.ts",
  "**/scripts/**",
  "**/*test.ts",
  "**/test/**",
  "**/testing/**",
];

export const environmentOnlyInEnv: Linter.Config = {
  files: ["**/*.ts"],
  ignores: environmentReaders,
  rules: {
    "no-restricted-syntax": [
      "error",
      {
        selector: "MemberExpression[object.name='process'][property.name='env']",
        message: "Read the environment in env.ts only.",
      },
    ],
  },
};
