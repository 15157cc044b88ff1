import { type IncomingHttpHeaders, request } from "node:http";
import { z } from "zod";
import { addressText } from "./scanner-address.ts";
import { connectionFailure, ScannerFailure } from "./scanner-failure.ts";

interface RspamdCall {
  ipAddress: string;
  port: number;
  /** As configured; Rspamd gets it as `Host`. */
  host: string;
  signal: AbortSignal;
}

const answerBytesMax = 64 * 1024;
const notRspamd = "it does not answer as Rspamd does";

/** `GET /ping`, which worker and controller answer alike. @throws ScannerFailure */
export async function pingRspamd(call: RspamdCall): Promise<{ version?: string }> {
  const { status, headers, body } = await get(call, "/ping", {});
  if (status !== 200 || body.trim() !== "pong") throw new ScannerFailure("garbage", notRspamd);
  const [, version] = /^rspamd\/(\d[\w.+~-]{0,39})$/.exec(String(headers.server)) ?? [];
  return version === undefined ? {} : { version };
}

const count = z.int().min(0);
const RspamdStatistics = z
  .object({ uptime: z.number().min(0), scanned: count, spam_count: count, ham_count: count })
  .transform(({ uptime, scanned, spam_count: spamCount, ham_count: hamCount }) => ({
    uptime,
    scannedTotal: scanned,
    spamCount,
    hamCount,
  }));
type RspamdStatistics = z.infer<typeof RspamdStatistics>;

/** `GET /stat` of the controller. Undefined when it wants another password. @throws ScannerFailure */
export async function readRspamdStatistics(
  call: RspamdCall,
  password: string | undefined,
): Promise<RspamdStatistics | undefined> {
  const { status, body } = await get(call, "/stat", password === undefined ? {} : { password });
  if (status === 401 || status === 403) return undefined;
  const statistics = RspamdStatistics.safeParse(status === 200 ? parseJson(body) : undefined);
  if (!statistics.success) throw new ScannerFailure("garbage", notRspamd);
  return statistics.data;
}

interface HttpAnswer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Redirects are answers like others: nobody follows them. */
function get(
  { ipAddress, port, host, signal }: RspamdCall,
  path: string,
  headers: Record<string, string>,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      // Such as HPE_INVALID_CONSTANT; everything else is the connection's.
      const isNoHttp = (error as { code?: string }).code?.startsWith("HPE_") === true;
      reject(isNoHttp ? new ScannerFailure("garbage", notRspamd, { cause: error }) : connectionFailure(error));
    };
    const outgoing = request(
      { host: ipAddress, port, path, signal, agent: false, headers: { host: addressText({ host, port }), ...headers } },
      (incoming) => {
        let body = "";
        incoming.setEncoding("latin1").on("data", (text: string) => {
          body += text;
          if (body.length > answerBytesMax) {
            reject(new ScannerFailure("garbage", notRspamd));
            outgoing.destroy();
          }
        });
        incoming.once("error", failed).once("end", () => {
          resolve({ status: incoming.statusCode, headers: incoming.headers, body });
        });
      },
    );
    outgoing.once("error", failed).end();
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
