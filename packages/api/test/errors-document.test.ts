import { readFile } from "node:fs/promises";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { errorsDocument } from "../scripts/errors-document.ts";

describe("docs/errors.md", () => {
  it("is what the catalogue says (if not, run: pnpm generate)", async () => {
    const committed = await readFile(new URL("../../../docs/errors.md", import.meta.url), "utf8");
    expect(committed).toBe(await format(errorsDocument(), { parser: "markdown", printWidth: 120 }));
  });
});
