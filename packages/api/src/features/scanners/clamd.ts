import { createConnection } from "node:net";
import { connectionFailure, ScannerFailure } from "./scanner-failure.ts";

interface ClamdCall {
  ipAddress: string;
  port: number;
  signal: AbortSignal;
}

const answerBytesMax = 1024;
const notClamd = "it does not answer as clamd does";

/** PING, then VERSION, as `1.4.6` or `1.4.6/27800/Mon Nov 23 09:24:11 2026`. @throws ScannerFailure */
export async function askClamd(call: ClamdCall): Promise<{ version: string }> {
  if ((await exchange(call, "PING")) !== "PONG") throw new ScannerFailure("garbage", notClamd);
  const [, version] = /^ClamAV (\d[ -~]{0,99})$/.exec(await exchange(call, "VERSION")) ?? [];
  if (version === undefined) throw new ScannerFailure("garbage", notClamd);
  return { version };
}

/** A command ends with a NUL, and so does its answer; clamd closes the connection after it. */
function exchange({ ipAddress, port, signal }: ClamdCall, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = createConnection({ host: ipAddress, port, signal }, () => socket.write(`z${command}\0`));
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      answer += text;
      const end = answer.indexOf("\0");
      if (end === -1 && answer.length <= answerBytesMax) return;
      if (end === -1) reject(new ScannerFailure("garbage", notClamd));
      else resolve(answer.slice(0, end));
      socket.destroy();
    });
    socket.once("error", (error) => {
      reject(connectionFailure(error));
    });
    socket.once("close", () => {
      reject(new ScannerFailure("garbage", notClamd));
    });
  });
}
