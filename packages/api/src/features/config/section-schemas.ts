import { z } from "zod";
import { fieldSchemas } from "./ui-documents.ts";

/** Robin fills in `{$name}` itself, from its properties and its environment. */
const magic = z.string().regex(/^\{\$[^{}]{1,200}\}$/);

const flag = z.boolean().or(magic);
const text = z.string().max(10_000);
const whole = z.int().min(0).or(magic);
const port = z.int().min(0).max(65_535).or(magic);
const texts = z.array(text);
const group = (fields: z.core.$ZodLooseShape) => z.looseObject(optional(fields));
const autoReload = group({ enabled: flag, delaySeconds: whole, intervalSeconds: whole });
const endpoint = group({ port, authType: z.enum(["none", "basic", "bearer"]), authValue: text, allowList: texts });
const listener = group({ emailSizeLimit: whole, transactionsLimit: whole, dosProtectionEnabled: flag, backlog: whole });
const switchable = { enabled: flag };

/** The keys of Robin's files whose kinds are known. Others are taken as they are. */
const known: Readonly<Record<string, z.core.$ZodLooseShape>> = {
  properties: { propertiesAutoReload: autoReload, serverAutoReload: autoReload },
  server: {
    ...{ hostname: text, bind: text, smtpPort: port, securePort: port, submissionPort: port },
    ...{ smtpConfig: listener, secureConfig: listener, submissionConfig: listener },
    ...{ auth: flag, starttls: flag, chunking: flag, keystore: text, keystorepassword: text },
    ...{ service: endpoint, api: endpoint },
    rbl: group({ enabled: flag, rejectEnabled: flag, providers: texts, timeoutSeconds: whole }),
  },
  client: { mx: texts, port, tls: flag, ehlo: text, mail: text, rcpt: texts },
  storage: {
    ...{ enabled: flag, autoDelete: flag, localMailbox: flag, disableRenameHeader: flag, clean: flag },
    ...{ path: text, inboundFolder: text, outboundFolder: text },
    rocksdb: group({ enabled: flag, path: text, inboxFolder: text, sentFolder: text }),
  },
  queue: {
    ...{ startDelaySeconds: whole, housekeepingIntervalSeconds: whole },
    queueMapDB: group({ enabled: flag, queueFile: text }),
    retry: group({ totalRetries: whole, firstWaitMinutes: whole, growthFactor: z.number().min(0).or(magic) }),
  },
  relay: {
    ...{ enabled: flag, outboundEnabled: flag, outboundMxEnabled: flag, disableRelayHeader: flag },
    ...{ host: text, port, protocol: text, tls: flag, bounce: flag, maxRetryCount: whole },
  },
  "robin-dovecot": {
    auth: flag,
    ...{ authSocket: group(switchable), authSql: group(switchable) },
    ...{ saveLmtp: group(switchable), saveLda: group(switchable) },
  },
  clamav: { scanAttachments: flag, onVirus: text },
  rspamd: {
    ...{ spfScanEnabled: flag, dkimScanEnabled: flag, dmarcScanEnabled: flag },
    discardThreshold: z.number().or(magic),
  },
  users: { listEnabled: flag, list: z.array(z.looseObject({ name: text, pass: text })) },
  prometheus: { ...switchable, intervalSeconds: whole, remoteWriteUrl: text },
  ...Object.fromEntries(
    ["stalwart", "vault", "whitelist", "geoip", "distributed-rate", "blackhole", "proxy"].map((name) => [
      name,
      switchable,
    ]),
  ),
};

/** What may be sent of a section: any part of it, and null where a key is to go. Unknown keys pass. */
export function sectionSchema(section: string): z.ZodType {
  return group({ ...known[section], ...fieldSchemas(section) });
}

function optional(fields: z.core.$ZodLooseShape): z.core.$ZodLooseShape {
  return Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, z.nullish(schema)]));
}
