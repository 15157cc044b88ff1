import { createServer } from "node:net";

/** Throws one sentence when the port cannot be had; then nothing needs to be started first. */
export async function ensurePortIsFree(host: string, port: number): Promise<void> {
  // Anything else that is wrong with the number is told by the gateway, with its other settings.
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return;
  const problem = await new Promise<string | undefined>((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code);
    });
    probe.listen(port, host, () => {
      probe.close(() => {
        resolve(undefined);
      });
    });
  });
  const other = `choose another one, such as: PORT=${port === 8000 ? 8001 : 8000} npm run up`;
  if (problem === "EADDRINUSE")
    throw new Error(`Port ${port} is already in use by another program: stop it, or ${other}`);
  if (problem === "EACCES") throw new Error(`Port ${port} may not be used by this account: ${other}`);
}
