import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import { defineConfig } from "eslint/config";
import path from "node:path";
import tseslint from "typescript-eslint";

/** What each workspace must not import: the arrows of ARCHITECTURE.md, apps -> api -> { sdk, db, jobs }. */
const forbidden = {
  "packages/robin-sdk": ["@robin/*", "!@robin/simulator", "express", "@trpc/*", "@prisma/*"],
  "packages/robin-simulator": ["@robin/*"],
  "packages/db": ["@robin/*", "@trpc/*", "express"],
  "packages/jobs": ["@robin/*", "@trpc/*", "express"],
  "packages/api": ["@robin/gateway", "@robin/worker", "express", "ky", "undici", "cockatiel"],
  "apps/gateway": ["@robin/worker", "ky", "undici", "cockatiel"],
  "apps/worker": ["@robin/gateway", "express", "ky", "undici", "cockatiel"],
};

/** The only files that read the environment; everything else takes its configuration as arguments. */
const environmentReaders = [
  "**/env.ts",
  "**/*.config.ts",
  "**/scripts/**",
  "**/*test.ts",
  "**/test/**",
  "**/testing/**",
];

const workspace = Object.keys(forbidden).find((folder) =>
  process.cwd().split(path.sep).join("/").endsWith(`/${folder}`),
);

export default defineConfig(
  { ignores: ["**/dist/**", "**/generated/**", "**/coverage/**", "**/node_modules/**"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: process.cwd() } },
    rules: {
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true } }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: "Read the environment in env.ts only.",
        },
      ],
      eqeqeq: ["error", "always"],
    },
  },
  { files: environmentReaders, rules: { "no-restricted-syntax": "off" } },
  { files: ["**/*.config.ts", "**/*.config.js", "tooling/**"], rules: { "no-restricted-exports": "off" } },
  { files: ["**/*.js", "**/*.mjs"], languageOptions: { globals: { process: "readonly", console: "readonly" } } },
  workspace
    ? {
        files: ["src/**/*.ts"],
        ignores: ["**/*.test.ts"],
        rules: {
          "no-restricted-imports": [
            "error",
            {
              patterns: [
                { group: forbidden[workspace], message: "This import goes against the arrows of ARCHITECTURE.md." },
              ],
            },
          ],
        },
      }
    : {},
  prettier,
);
