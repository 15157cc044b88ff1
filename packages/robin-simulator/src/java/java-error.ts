/** Thrown where Robin's code throws: every handler of the client API turns it into the same 500. */
export class JavaError extends Error {
  override readonly name = "JavaError";
}
