import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import { environmentOnlyInEnv, importBoundaries } from "./boundaries.ts";

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
      eqeqeq: ["error", "always"],
    },
  },
  environmentOnlyInEnv,
  { files: ["**/*.config.ts", "**/*.config.js", "tooling/**"], rules: { "no-restricted-exports": "off" } },
  { files: ["**/*.js", "**/*.mjs"], languageOptions: { globals: { process: "readonly", console: "readonly" } } },
  importBoundaries(process.cwd()),
  prettier,
);
