const escapeHtml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

export const configSection = (title: string, json: string): string =>
  `<div class="config-section"><h2>${escapeHtml(title)}</h2><pre>${escapeHtml(json)}</pre></div>\n`;

/** Robin's page without its style, script and logo. */
export function configPage(propertiesJson: string, serverJson: string, extraSections: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="UTF-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Configuration Viewer</title>
    <style></style>
</head>
<body>
<header class="header">
    <svg></svg>
    <h1>Configuration Viewer</h1>
</header>

<div class="actions">
    <button id="reloadBtn" onclick="reloadConfig()">Reload Configuration</button>
</div>

<div id="message" class="message"></div>

<div class="config-section">
    <h2>Properties Configuration</h2>
    <pre id="propertiesConfig">${escapeHtml(propertiesJson)}</pre>
</div>

<div class="config-section">
    <h2>Server Configuration</h2>
    <pre id="serverConfig">${escapeHtml(serverJson)}</pre>
</div>

<div id="extraConfigs">${extraSections}</div>

<script></script>
</body>
</html>`;
}
