/** What the Robin UI accepts of each answer. Fields it does not name it ignores; null is accepted nowhere but where said. */
import { z } from "zod";
import { Permission, Role } from "@robin/api";

/** ISO 8601 with Z: an offset is refused. */
const Instant = z.iso.datetime({ offset: false });
const Count = z.int().min(0);
const Email = z.email();

const User = z.object({
  id: z.union([z.number(), z.string()]),
  username: z.string().min(1),
  email: Email,
  roles: z.array(Role),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
  lastLoginAt: z.string().optional(),
});
const Tokens = z.object({ accessToken: z.string().min(1), expiresIn: z.number().positive() });

export const Login = z.object({
  user: User,
  tokens: Tokens.extend({ tokenType: z.string() }),
  /** Only those at the top count at sign-in. */
  permissions: z.array(Permission).min(1),
});
export const Refresh = Tokens;
export const Verify = z.object({ valid: z.boolean() });
/** Flat, with the permissions inside. */
export const Me = User.extend({ permissions: z.array(Permission).min(1) });

export const Health = z.object({
  /** The page calls toLowerCase on it. */
  status: z.string().min(1),
  uptime: z.string().regex(/^\d+d \d+h \d+m \d+s$/),
  listeners: z.array(z.object({ port: Count, threadPool: z.object({ active: Count, size: Count, completed: Count }) })),
  queue: z.object({ size: Count, retryHistogram: z.record(z.string().regex(/^\d+$/), Count) }),
  scheduler: z.object({
    config: z.object({ totalRetries: Count, firstWaitMinutes: z.number(), growthFactor: z.number() }),
    cron: z.object({ periodSeconds: Count }),
  }),
});

export const Queue = z.object({
  items: z
    .array(
      z.object({
        uid: z.string().min(1),
        protocol: z.string(),
        mailbox: z.string().min(1),
        retryCount: Count,
        /** A divisor. */
        maxRetryCount: z.int().min(1),
        createTime: Count.optional(),
        lastRetryTime: Count.optional(),
        nextRetryTime: Count.optional(),
        error: z.string().optional(),
      }),
    )
    .min(1),
  totalCount: Count,
  pageSize: Count,
  pageNumber: Count,
});
export const QueueAction = z.object({ success: z.literal(true), message: z.string(), uid: z.string() });

export const Storage = z.object({
  path: z.string().startsWith("/"),
  items: z
    .array(
      z.object({
        path: z.string().startsWith("/"),
        name: z.string().min(1),
        type: z.enum(["file", "directory"]),
        size: Count,
        /** Without it the page shows "Invalid Date". */
        modified: Count,
      }),
    )
    .min(1),
  breadcrumbs: z.array(z.object({ name: z.string(), path: z.string() })).min(1),
});
export const StorageFile = z.object({ path: z.string(), content: z.string(), mimeType: z.string(), size: Count });

const Port = z.int().min(1).max(65_535);
const Milliseconds = z.int().min(1000).max(60_000);
const Score = z.number().min(1).max(100);
export const ClamavConfig = z.object({
  enabled: z.boolean(),
  host: z.string().min(1),
  port: Port,
  timeout: Milliseconds,
  maxFileSize: z.int().min(1).optional(),
  scanArchives: z.boolean().optional(),
});
export const RspamdConfig = z.object({
  enabled: z.boolean(),
  host: z.string().min(1),
  port: Port,
  apiKey: z.string().optional(),
  rejectScore: Score,
  addHeaderScore: Score,
  greylistScore: Score.optional(),
  timeout: Milliseconds.optional(),
});
/** Without `authentication` the page waits for ever. */
export const DovecotConfig = z.object({
  protocols: z.array(z.string()),
  listen: z.string(),
  authentication: z.object({ mechanisms: z.array(z.string()), defaultRealm: z.string().optional() }),
  mailLocation: z.string(),
  ssl: z.object({ enabled: z.boolean(), certFile: z.string().optional(), keyFile: z.string().optional() }),
  limits: z.object({ maxConnections: z.number(), maxUserConnections: z.number() }),
});

export const ScannerTest = z.object({
  success: z.boolean(),
  status: z.enum(["UP", "DOWN", "TIMEOUT", "ERROR"]),
  message: z.string(),
  responseTime: z.number().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export const ClamavStatus = z.object({
  status: z.enum(["UP", "DOWN", "UNKNOWN"]),
  version: z.string().optional(),
  lastCheck: Instant.optional(),
  error: z.string().optional(),
});
export const RspamdStatus = ClamavStatus.extend({
  uptime: z.number().optional(),
  scannedTotal: z.number().optional(),
  spamCount: z.number().optional(),
  hamCount: z.number().optional(),
});

export const BlocklistEntry = z.object({
  /** The buttons need it. */
  id: z.uuid(),
  type: z.enum(["IP", "CIDR", "DOMAIN"]),
  value: z.string().min(1),
  reason: z.string().min(1).max(500),
  createdAt: Instant.optional(),
  createdBy: z.string().optional(),
  /** The one null. */
  expiresAt: Instant.nullish(),
  active: z.boolean().optional(),
});
export const Blocklist = z.object({ items: z.array(BlocklistEntry).min(1), totalCount: Count });
export const BlocklistImport = z.object({ imported: Count, failed: Count, errors: z.array(z.string()) });

const Metric = z.enum([
  "QUEUE_SIZE",
  "MESSAGES_SENT",
  "MESSAGES_RECEIVED",
  "CONNECTIONS",
  "CPU_USAGE",
  "MEMORY_USAGE",
  "DISK_USAGE",
]);
export const Metrics = z.object({
  series: z
    .array(
      z.object({
        metric: Metric,
        unit: z.string(),
        dataPoints: z.array(z.object({ timestamp: Instant, value: z.number() })).min(1),
      }),
    )
    // Without the sent ones, the chart of messages shows the received ones neither.
    .refine((series) => series.length === 1 || series.some(({ metric }) => metric === "MESSAGES_SENT")),
  startTime: Instant,
  endTime: Instant,
  interval: z.number().optional(),
});
const Percent = z.number().min(0).max(100);
export const SystemStats = z.object({
  timestamp: Instant,
  cpu: z.object({
    usage: Percent.optional(),
    cores: z.int().min(1).optional(),
    processors: z.int().min(1).optional(),
    loadAverage: z.array(z.number()).optional(),
  }),
  memory: z.object({
    total: z.number().positive(),
    used: z.number().min(0),
    free: z.number().min(0),
    max: z.number().optional(),
    usagePercent: Percent.optional(),
  }),
  disk: z
    .object({ total: z.number().positive(), used: z.number(), free: z.number(), usagePercent: Percent })
    .optional(),
  network: z.object({}).optional(),
  /** Milliseconds. */
  uptime: z.number().min(0),
});
export const QueueStats = z.object({
  timestamp: Instant,
  queueSize: Count,
  processing: Count,
  failed: Count,
  completed: Count,
  retrying: Count.optional(),
  averageProcessingTime: z.number().optional(),
  throughput: z.number().optional(),
});

export const Logs = z.object({
  entries: z
    .array(
      z.object({
        id: z.string().optional(),
        timestamp: Instant,
        level: z.enum(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]),
        logger: z.string(),
        message: z.string(),
        thread: z.string().optional(),
        stackTrace: z.string().optional(),
        context: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .min(1),
  total: Count,
  hasMore: z.boolean().optional(),
});
export const Loggers = z.array(z.string()).min(1);

/** The UI does not look at it. */
export const Anything = z.unknown();

/** Of every refusal the UI reads this one field. */
export const Refusal = z.object({ message: z.string().min(1) });
