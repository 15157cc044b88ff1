import { writeFile } from "node:fs/promises";
import { format } from "prettier";
import { errorsDocument } from "./errors-document.ts";

await writeFile(
  new URL("../../../docs/errors.md", import.meta.url),
  await format(errorsDocument(), { parser: "markdown", printWidth: 120 }),
);
