/** One line of Robin's HTTP interface, and what of it reaches whom. */
export interface CoverageRow {
  /** Method and path as Robin has them, `:8090` or `:8080` where both ports have it. */
  route: string;
  /** Names such as `queue.list`; a route without any says why it has none. */
  sdk: readonly string[] | { leftOut: string };
  /** Names such as `queue.list`. */
  procedures: readonly string[];
  /** In `apps/gateway/test`, without the end that they all have. */
  tests: readonly string[];
}

type Row = [route: string, sdk: CoverageRow["sdk"], procedures?: string[], tests?: string[]];

const leftOut = (reason: string) => ({ leftOut: reason });
const page = leftOut("a page for people");
const icon = leftOut("an icon");

const general: Row[] = [
  ["any / and unmatched :8090", page],
  ["any /favicon.ico", icon],
  ["any /health :8090", ["health.client"], ["health.aggregate"], ["health"]],
  ["POST /client/send JSON", ["send.deliver"]],
  ["POST /client/send message/rfc822", ["send.deliverRaw"], ["mail.send", "mail.sendRaw"], ["mail-send", "mail-raw"]],
  ["POST /client/send multipart/form-data", ["send.deliverMultipart"]],
  ["POST /client/queue JSON", ["queue.enqueue"]],
  ["POST /client/queue message/rfc822", ["queue.enqueueRaw"], ["queue.enqueue", "queue.enqueueRaw"], ["queue-enqueue"]],
  ["POST /client/queue multipart/form-data", ["queue.enqueueMultipart"]],
  ["any /client/queue/list", ["queue.list"], ["queue.list", "queue.listForUi"], ["queue", "queue-ui"]],
  ["POST /client/queue/delete", ["queue.delete"], ["queue.delete", "queue.deleteMany"], ["queue-actions"]],
  ["POST /client/queue/retry", ["queue.retry"], ["queue.retry", "queue.retryMany"], ["queue-actions"]],
  ["POST /client/queue/bounce", ["queue.bounce"], ["queue.bounce", "queue.bounceMany"], ["queue-actions"]],
  [
    "GET /logs",
    ["logs.search"],
    ["logs.search", "logs.loggers", "logs.export", "queue.item"],
    ["logs", "logs-export", "queue-record"],
  ],
  ["GET /users", ["users.list"], ["mailUsers.list"], ["mail-users"]],
  ["GET /users/{username}/exists", ["users.exists"], ["mailUsers.exists"], ["mail-users"]],
  ["POST /users/authenticate", ["users.authenticate"], ["mailUsers.authenticate"], ["mail-users"]],
];

const storeReads: Row[] = [
  ["GET /store[/...] directory", ["store.list"], ["storage.list"], ["storage"]],
  [
    "GET /store/.../x.eml",
    ["store.openMessage", "store.messageBytes", "store.messageText"],
    ["storage.file", "storage.raw"],
    ["storage"],
  ],
];

/** What Robin's two stores have in common. */
function changes(
  root: "/store" | "/store-rocksdb",
  tests: { folders: string; messages: string; reads: string },
): Row[] {
  const account = `${root}/{d}/{u}`;
  const [sdk, feature] = root === "/store" ? ["store", "storage"] : ["mailboxes", "mailboxes"];
  const folder = (route: string, method: string, procedure: string): Row => [
    route.replace("~", `${account}/folders`),
    [`${sdk}.folders.${method}`],
    [`${feature}.${procedure}`],
    [tests.folders],
  ];
  const message = (operation: string, methods: string[], procedures: string[]): Row => [
    `POST ${account}/messages/${operation}`,
    methods.map((method) => `${sdk}.messages.${method}`),
    procedures.map((procedure) => `${feature}.${procedure}`),
    [tests.messages],
  ];
  return [
    [
      `GET ${account}/folders/{f...}/properties`,
      [`${sdk}.folderProperties`],
      [`${feature}.folderProperties`],
      [tests.reads],
    ],
    folder("POST ~", "create", "createFolder"),
    folder("PATCH ~/{f...}", "rename", "renameFolder"),
    folder("DELETE ~/{f...}", "delete", "deleteFolder"),
    folder("POST ~/{f...}/copy", "copy", "copyFolder"),
    folder("POST ~/{f...}/move", "move", "moveFolder"),
    message("move", ["move", "delete"], ["moveMessages", "deleteMessages"]),
    message("read-status", ["setReadStatus"], ["setReadStatus"]),
    message("mark-all-read", ["markAllRead"], ["markAllRead"]),
    message("delete-all", ["deleteAll"], ["deleteAllMessages"]),
    message("cleanup", ["cleanup"], ["cleanUp"]),
  ];
}

const draftId = "/store/{d}/{u}/drafts/{id}";
const drafts: Row[] = [
  ["POST /store/{d}/{u}/drafts", ["store.drafts.create"], ["storage.createDraft"], ["storage-drafts"]],
  [`PUT ${draftId}`, ["store.drafts.update"], ["storage.updateDraft"], ["storage-drafts"]],
  [`DELETE ${draftId}`, ["store.drafts.delete"], ["storage.deleteDraft"], ["storage-drafts"]],
  [`POST ${draftId}/attachments`, ["store.drafts.addAttachment"], ["storage.addAttachment"], ["storage-drafts"]],
  [
    `DELETE ${draftId}/attachments/{att}`,
    ["store.drafts.removeAttachment"],
    ["storage.removeAttachment"],
    ["storage-drafts"],
  ],
  [
    "GET /store/{d}/{u}/.Drafts/attachments/{id} directory",
    ["store.drafts.listAttachments"],
    ["storage.listAttachments", "storage.downloadAttachment"],
    ["storage-drafts"],
  ],
];

const mailboxReads: Row[] = [
  ["GET /store-rocksdb/{d}/{u}", ["mailboxes.view"], ["mailboxes.view"], ["mailboxes"]],
  ["GET /store-rocksdb/{d}/{u}/folders/{f...}", ["mailboxes.folder"], ["mailboxes.folder"], ["mailboxes"]],
  [
    "GET /store-rocksdb/{d}/{u}/messages/{id}",
    ["mailboxes.message"],
    ["mailboxes.message", "mailboxes.raw"],
    ["mailboxes"],
  ],
];

const service: Row[] = [
  ["any / and unmatched :8080", page],
  [
    "any /health :8080",
    ["health.service"],
    ["health.aggregate", "metrics.system", "metrics.queue"],
    ["health", "metrics-stats"],
  ],
  ["GET /config", ["config.sections"], ["config.list", "config.get"], ["config"]],
  ["POST /config/reload", ["config.reload"], ["config.reload", "config.update"], ["config", "config-update"]],
  ["GET /config/sync/status", ["config.syncStatus"], ["config.syncStatus"], ["config"]],
  ["any /system/env", ["system.env"], ["diagnostics.env"], ["diagnostics"]],
  ["any /system/props", ["system.properties"], ["diagnostics.properties"], ["diagnostics"]],
  ["any /system/threads", ["system.threads"], ["diagnostics.threads"], ["diagnostics"]],
  ["any /system/heapdump", leftOut("writes a file on a GET, [ADR 0006](adr/0006-no-heap-dump.md)")],
  ["any /metrics", page],
  ["any /metrics/graphite", leftOut("the Prometheus form without labels and units")],
  ["any /metrics/prometheus", ["metrics.read"], ["metrics.system"], ["metrics-stats"]],
];

/** Every route of Robin, in the order of its reference. */
export const robinCoverage: readonly CoverageRow[] = [
  ...general,
  ...storeReads,
  ...changes("/store", { folders: "storage-folders", messages: "storage-messages", reads: "storage" }),
  ...drafts,
  ...mailboxReads,
  ...changes("/store-rocksdb", { folders: "storage-folders", messages: "mailboxes", reads: "storage-folders" }),
  ...service,
].map(([route, sdk, procedures = [], tests = []]) => ({ route, sdk, procedures, tests }));
