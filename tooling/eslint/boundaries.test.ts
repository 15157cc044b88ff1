import { Linter } from "eslint";
import { describe, expect, it } from "vitest";
import { environmentOnlyInEnv, importBoundaries } from "./boundaries.ts";

/** The rules that this code breaks as a file of this workspace. */
function brokenRules(workspace: string, filename: string, code: string): (string | null)[] {
  const config = [{ files: ["**/*.ts"] }, importBoundaries(`/anywhere/${workspace}`), environmentOnlyInEnv];
  return new Linter().verify(code, config, { filename }).map(({ ruleId }) => ruleId);
}

describe("import boundaries", () => {
  it.each([
    ["packages/robin-sdk", "@robin/db"],
    ["packages/robin-sdk", "express"],
    ["packages/robin-simulator", "@robin/sdk"],
    ["packages/db", "@trpc/server"],
    ["packages/jobs", "@robin/api"],
    ["packages/api", "@robin/gateway"],
    ["packages/api", "@robin/simulator"],
    ["packages/api", "express"],
    ["packages/api", "../../../packages/db/src/client.ts"],
    ["apps/gateway", "ky"],
    ["apps/gateway", "@robin/simulator"],
    ["apps/gateway", "@prisma/client"],
    ["apps/worker", "@robin/gateway"],
  ])("refuse in %s an import of %s", (workspace, module) => {
    expect(brokenRules(workspace, "src/some.ts", `import "${module}";`)).toEqual(["no-restricted-imports"]);
  });

  it.each([
    ["packages/api", "@robin/sdk"],
    ["packages/api", "@robin/db"],
    ["packages/api", "./errors.ts"],
    ["apps/gateway", "@robin/api"],
    ["apps/worker", "@robin/jobs"],
  ])("let %s import %s", (workspace, module) => {
    expect(brokenRules(workspace, "src/some.ts", `import "${module}";`)).toEqual([]);
  });

  it("let tests use the simulator", () => {
    expect(brokenRules("apps/gateway", "src/some.test.ts", 'import "@robin/simulator";')).toEqual([]);
  });
});

describe("the environment", () => {
  const code = "export const home = process.env.HOME;";

  it("is refused in an ordinary source", () => {
    expect(brokenRules("apps/gateway", "src/app.ts", code)).toEqual(["no-restricted-syntax"]);
  });

  it("may be read in env.ts", () => {
    expect(brokenRules("apps/gateway", "src/env.ts", code)).toEqual([]);
  });
});
