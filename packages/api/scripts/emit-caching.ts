import { writeFile } from "node:fs/promises";
import { format } from "prettier";
import { cachingDocument } from "./caching-document.ts";

await writeFile(
  new URL("../../../docs/caching.md", import.meta.url),
  await format(cachingDocument(), { parser: "markdown", printWidth: 120 }),
);
