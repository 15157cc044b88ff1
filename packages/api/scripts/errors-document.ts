import { errorCatalogue } from "../src/errors.ts";

/** `docs/errors.md`, from the catalogue. */
export function errorsDocument(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { httpStatus, reason, trpcCode, when }]) =>
      `| \`${code}\` | ${httpStatus} ${reason} | \`${trpcCode}\` | ${when} |`,
  );
  return `# Errors

Generated from the catalogue in \`packages/api/src/errors.ts\` by \`pnpm generate\`.

On REST and drop-in paths every error has this body. \`message\` is one sentence for the person at the screen, \`issues\` names wrong fields, and \`requestId\` (also the header \`x-request-id\`) leads to the cause in the gateway's log.

\`\`\`json
{
  "error": "Bad Request",
  "code": "invalid_input",
  "message": "The input is not valid.",
  "requestId": "4a0c0f0e-3f0c-4d4e-9d55-3a2b1c0d9e8f",
  "issues": [{ "path": "limit", "message": "Too big: expected number to be <=1000" }]
}
\`\`\`

Over tRPC the same values are \`error.message\`, \`error.data.appCode\`, \`error.data.httpStatus\`, \`error.data.requestId\` and \`error.data.issues\`.

| code | HTTP | tRPC code | when |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
