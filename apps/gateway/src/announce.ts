import type { Ready } from "./process-messages.ts";

/** Tells a supervising parent; without one a random first password is printed, because nobody else will ever see it. */
export function announce(message: Ready): void {
  if (process.send) process.send(message);
  else if (message.admin) {
    const { username, password } = message.admin;
    process.stdout.write(`First start: sign in as ${username} with the password ${password} (shown only once).\n`);
  }
}
