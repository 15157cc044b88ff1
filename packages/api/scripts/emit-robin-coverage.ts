import { writeFile } from "node:fs/promises";
import { format } from "prettier";
import { robinCoverageDocument } from "./robin-coverage-document.ts";

await writeFile(
  new URL("../../../docs/robin-coverage.md", import.meta.url),
  await format(robinCoverageDocument(), { parser: "markdown", printWidth: 120 }),
);
