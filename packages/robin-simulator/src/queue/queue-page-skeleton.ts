/** Robin's page weighs about 10 kB before its first row, which is above the 8192 bytes from which its answers slow down on reused connections. */
const skeletonWeight = 9_000;

const style = `
    body { font-family: sans-serif; margin: 20px; }
    table { border-collapse: collapse; width: 100%; }
    th, td { border: 1px solid #ddd; padding: 8px; text-align: left; vertical-align: top; }
    .mono { font-family: monospace; }
    .nowrap { white-space: nowrap; }
  `;

const script = `
    const boxes = () => [...document.querySelectorAll(".row-checkbox")];
    const mark = (checked) => boxes().forEach((box) => { box.checked = checked; });
    const send = async (operation, uids) => {
      const body = JSON.stringify({ uids });
      await fetch("/client/queue/" + operation, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      location.reload();
    };
    const bulk = (operation) => send(operation, boxes().filter((box) => box.checked).map((box) => box.dataset.uid));
    function toggleSelectAll() { mark(document.getElementById("selectAllCheckbox").checked); }
    function selectAll() { mark(true); }
    function selectNone() { mark(false); }
    function bulkDelete() { bulk("delete"); }
    function bulkRetry() { bulk("retry"); }
    function bulkBounce() { bulk("bounce"); }
    for (const operation of ["delete", "retry", "bounce"]) {
      document.querySelectorAll(".btn-" + operation).forEach((button) => button.addEventListener("click", () => send(operation, [button.dataset.uid])));
    }
  `;

const padding = " ".repeat(Math.max(0, skeletonWeight - style.length - script.length));

export interface QueuePageParts {
  readonly total: string;
  readonly showingFrom: string;
  readonly showingTo: string;
  readonly page: string;
  readonly totalPages: string;
  readonly pagination: string;
  readonly rows: string;
}

/** The structure (elements, classes, ids, blanks) is Robin's; style, script and logo are the simulator's own. */
export function pageSkeleton(parts: QueuePageParts): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <title>Relay Queue</title>
  <style>${style}${padding}</style>
</head>
<body>
<header class="header">
  <svg class="logo" viewBox="0 0 2 2" width="45" height="45"><title>Robin simulator</title><circle cx="1" cy="1" r="1"/></svg>
  <h1>Relay Queue</h1>
</header>
  <p class="meta">
    Total items: <strong>${parts.total}</strong> |${" "}
    Showing <strong>${parts.showingFrom}</strong> to <strong>${parts.showingTo}</strong> |${" "}
    Page <strong>${parts.page}</strong> of <strong>${parts.totalPages}</strong>
  </p>
${"  "}
  <div class="bulk-actions">
    <strong>Bulk Actions:</strong>
    <button onclick="bulkDelete()">Delete Selected</button>
    <button onclick="bulkRetry()">Retry Selected</button>
    <button onclick="bulkBounce()">Bounce Selected</button>
    <button onclick="selectAll()">Select All</button>
    <button onclick="selectNone()">Select None</button>
  </div>
${"  "}
  ${parts.pagination}
${"  "}
  <table>
    <thead>
      <tr>
        <th class="checkbox-col"><input type="checkbox" id="selectAllCheckbox" onclick="toggleSelectAll()"/></th>
        <th>#</th>
        <th>Session UID</th>
        <th>Date</th>
        <th>Protocol</th>
        <th>Retry</th>
        <th>Last Retry</th>
        <th>Envelopes</th>
        <th>Recipients</th>
        <th>Files</th>
        <th class="actions">Actions</th>
      </tr>
    </thead>
    <tbody>
      ${parts.rows}
    </tbody>
  </table>
${"  "}
  ${parts.pagination}
${"  "}
  <script>${script}</script>
</body>
</html>`;
}
