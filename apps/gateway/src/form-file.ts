import { Busboy } from "@fastify/busboy";
import { AppError } from "@robin/api";
import { finished } from "node:stream/promises";

const partsMax = 100;

/**
 * The bytes of the file in a field of multipart/form-data.
 * @throws AppError `invalid_input` when the form cannot be read, or has no file there.
 */
export async function fileInForm(body: Uint8Array, contentType: string, field: string): Promise<Uint8Array> {
  const found: Buffer[][] = [];
  try {
    const form = new Busboy({ headers: { "content-type": contentType }, limits: { parts: partsMax } });
    form.on("file", (name, stream) => {
      const chunks: Buffer[] = [];
      if (name === field) found.push(chunks);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      // The form itself fails with it.
      stream.on("error", () => undefined);
    });
    form.end(body);
    await finished(form);
  } catch (cause) {
    throw new AppError("invalid_input", "The form cannot be read.", { cause });
  }
  const [first] = found;
  if (!first) throw new AppError("invalid_input", `The form has no file in its field \`${field}\`.`);
  return Buffer.concat(first);
}
