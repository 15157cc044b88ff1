import { html } from "./answer.ts";
import type { Answer } from "./answer.ts";

/** The size of Robin's icon; a client that counts bytes sees the same. */
const faviconBytes = 443_371;

/** The header of an icon file with one picture and no content: enough for a browser to take it and show nothing. */
const icon = Buffer.alloc(faviconBytes);
icon.set([0, 0, 1, 0, 1, 0]);

export const favicon = (): Answer => ({
  status: 200,
  headers: { "Content-type": "image/x-icon", "Cache-control": "public, max-age=86400" },
  body: icon,
});

export const clientLanding = (): Answer => html(200, landingPage("API Endpoint", clientLinks));
export const serviceLanding = (): Answer => html(200, landingPage("Service Endpoints", serviceLinks));

const clientLinks = [
  "/client/send",
  "/client/queue",
  "/client/queue/list",
  "/logs",
  "/users",
  "/store/",
  "/store-rocksdb/",
  "/health",
];
const serviceLinks = [
  "/config",
  "/system/env",
  "/system/props",
  "/system/threads",
  "/system/heapdump",
  "/metrics",
  "/metrics/graphite",
  "/metrics/prometheus",
  "/health",
];

function landingPage(title: string, links: readonly string[]): string {
  const entries = links.map((link) => `    <li><a href="${link}"><code>${link}</code></a></li>`).join("\n");
  return `<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="UTF-8">
    <title>${title}</title>
</head>
<body>
<header class="header">
    <h1>${title}</h1>
</header>
<ul>
${entries}
</ul>
</body>
</html>`;
}
