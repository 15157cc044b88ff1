import { readFile } from "node:fs/promises";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { cachingDocument } from "../scripts/caching-document.ts";

describe("docs/caching.md", () => {
  it("is what the rules say (if not, run: pnpm generate)", async () => {
    const committed = await readFile(new URL("../../../docs/caching.md", import.meta.url), "utf8");
    expect(committed).toBe(await format(cachingDocument(), { parser: "markdown", printWidth: 120 }));
  });
});
