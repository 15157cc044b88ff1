import { JavaError } from "../java/java-error.ts";

/** What a handler wants to send; the server adds the length, the date and the connection's fate. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const answerWith = (status: number, contentType: string, body: string): Answer => ({
  status,
  headers: { "Content-type": contentType },
  body: Buffer.from(body),
});

export const json = (status: number, body: string): Answer =>
  answerWith(status, "application/json; charset=utf-8", body);
export const text = (status: number, body: string): Answer => answerWith(status, "text/plain; charset=utf-8", body);
export const html = (status: number, body: string): Answer => answerWith(status, "text/html; charset=utf-8", body);

/** The answers of Java's HTTP layer itself, before any of Robin's code; they end the connection. */
export const httpLayerError = (status: number, reason: string, detail: string): Answer => {
  const body = Buffer.from(`<h1>${status} ${reason}</h1>${detail}`);
  return {
    status,
    headers: { "Content-Length": String(body.length), "Content-Type": "text/html", Connection: "close" },
    body,
  };
};

/** Runs a handler the way Robin's client API does. Errors that are not Robin's are bugs of the simulator and stay errors. */
export async function withServerErrors(handle: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof JavaError) return text(500, `Internal Server Error: ${error.message}`);
    throw error;
  }
}

/** Thrown by a handler where an exception escapes Robin's: Java then closes the connection without an answer. */
export class DroppedConnection extends Error {
  override readonly name = "DroppedConnection";
}
