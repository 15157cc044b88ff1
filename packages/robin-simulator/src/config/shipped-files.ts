/** What the simulated server has in its configuration folder unless told otherwise: Robin's shipped files in short. */
export const shippedFiles: Readonly<Record<string, string>> = {
  "properties.json5": `{
  // Both are looked at once, at the start.
  propertiesAutoReload: { enabled: true, delaySeconds: 300, intervalSeconds: 300 },
  serverAutoReload: { enabled: true, delaySeconds: 300, intervalSeconds: 300 },
  logging: { data: false },
  localRoute: "local"
}`,
  "server.json5": `{
  hostname: "mail.robin.example", bind: "::",
  smtpPort: 25, securePort: 465, submissionPort: 587,
  smtpConfig: { backlog: 25, minimumPoolSize: 1, maximumPoolSize: 10, threadKeepAliveTime: 60,
    transactionsLimit: 305, emailSizeLimit: 10242400, dosProtectionEnabled: true },
  auth: true, starttls: true, chunking: true,
  keystore: "/usr/local/robin/keystore.jks", keystorepassword: "avengers",
  service: { port: 8080, authType: "none", authValue: "", allowList: [] },
  api: { port: 8090, authType: "none", authValue: "", allowList: [] },
  rbl: { enabled: true, rejectEnabled: false, providers: ["zen.spamhaus.org", "bl.spamcop.net"], timeoutSeconds: 5 }
}`,
  "storage.json5": `{
  enabled: true, autoDelete: true, localMailbox: false, disableRenameHeader: true,
  path: "/usr/local/robin/store/robin/", inboundFolder: "new", outboundFolder: ".Sent/new", clean: false,
  rocksdb: { enabled: false, path: "/usr/local/robin/store/rocksdb", inboxFolder: "Inbox", sentFolder: "Sent" }
}`,
  "queue.json5": `{
  queueMapDB: { enabled: true, queueFile: "/usr/local/robin/relayQueue.db" },
  retry: { totalRetries: 30, firstWaitMinutes: 1, growthFactor: 1.2 }
}`,
  "relay.json5": `{
  enabled: false, outboundEnabled: true, outboundMxEnabled: true, disableRelayHeader: true,
  host: "localhost", port: 24, protocol: "ESMTP", tls: false, bounce: true, maxRetryCount: 30
}`,
  "dovecot.json5": `{
  auth: false, authSocket: { enabled: false }, authSql: { enabled: false, password: "o'Malley & <sons>" },
  saveLmtp: { enabled: false }, saveLda: { enabled: false }
}`,
  "prometheus.json5": `{ enabled: false, intervalSeconds: 15, remoteWriteUrl: "" }`,
  "clamav.json5": `{ enabled: false, host: "localhost", port: 3310, onVirus: "reject" }`,
  "rspamd.json5": `{ enabled: false, host: "localhost", port: 11333, rejectThreshold: 7 }`,
  "users.json5": `{
  listEnabled: true,
  list: [
    { name: "tony@example.com", pass: "stark" },
    { name: "pepper@example.com", pass: "potts" },
    { name: "happy@example.com", pass: "hogan" }
  ]
}`,
};
