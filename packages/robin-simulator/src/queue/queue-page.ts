import { formatJavaDate } from "../java/java-date.ts";
import { pageSkeleton } from "./queue-page-skeleton.ts";
import type { SimulatedQueueItem } from "./queue.ts";

export interface QueuePage {
  readonly items: readonly SimulatedQueueItem[];
  readonly total: number;
  readonly page: number;
  readonly limit: number;
  /** Robin dates every row with the moment of the request. */
  readonly now: Date;
}

const summaryMax = 5;

export function renderQueuePage({ items, total, page, limit, now }: QueuePage): string {
  // Java's int arithmetic: an absurd page number overflows there as it does here.
  const start = Math.imul(page - 1, limit);
  const totalPages = Math.ceil(total / limit);
  const date = formatJavaDate(now);
  return pageSkeleton({
    total: String(total),
    showingFrom: String((start + 1) | 0),
    showingTo: String(Math.min((start + limit) | 0, total)),
    page: String(page),
    totalPages: String(totalPages),
    pagination: renderPagination(page, totalPages, limit),
    rows: items.map((item, index) => renderRow(item, (start + index + 1) | 0, date)).join(""),
  });
}

/** Placeholders are filled one after the other, so a protocol or recipient that looks like a later placeholder is filled too. */
const rowTemplate = `<tr>
  <td class='checkbox-col'><input type='checkbox' class='row-checkbox' data-uid='{{RELAY_UID}}'/></td>
  <td class='nowrap'>{{ROW_NUMBER}}</td>
  <td class='mono'>{{SESSION_UID}}</td>
  <td>{{DATE}}</td>
  <td>{{PROTOCOL}}</td>
  <td>{{RETRY_COUNT}}</td>
  <td class='nowrap'>{{LAST_RETRY}}</td>
  <td>{{ENVELOPES}}</td>
  <td>{{RECIPIENTS}}</td>
  <td>{{FILES}}</td>
  <td class='actions nowrap'>
    <button class='btn-delete' data-uid='{{RELAY_UID}}'>Delete</button>
    <button class='btn-retry' data-uid='{{RELAY_UID}}'>Retry</button>
    <button class='btn-bounce' data-uid='{{RELAY_UID}}'>Bounce</button>
  </td>
</tr>`;

function renderRow(item: SimulatedQueueItem, rowNumber: number, date: string): string {
  const lastRetry = item.lastRetryAtSeconds > 0 ? formatJavaDate(new Date(item.lastRetryAtSeconds * 1000)) : "-";
  const values: readonly [string, string][] = [
    ["RELAY_UID", escapeHtml(item.uid)],
    ["ROW_NUMBER", String(rowNumber)],
    ["SESSION_UID", escapeHtml(item.sessionUid)],
    ["DATE", date],
    ["PROTOCOL", escapeHtml(item.protocol)],
    ["RETRY_COUNT", String(item.retryCount)],
    ["LAST_RETRY", lastRetry],
    ["ENVELOPES", String(item.envelopes.length)],
    ["RECIPIENTS", summarizeRecipients(item)],
    ["FILES", summarizeFiles(item)],
  ];
  return values.reduce((row, [name, value]) => row.replaceAll(`{{${name}}}`, () => value), rowTemplate);
}

function summarizeRecipients(item: SimulatedQueueItem): string {
  const recipients = item.envelopes.flatMap((envelope) => envelope.rcpts);
  const shown = [...new Set(recipients)].slice(0, summaryMax);
  const hidden = recipients.length - shown.length;
  return shown.map(escapeHtml).join(", ") + (hidden > 0 ? ` … (+${hidden})` : "");
}

function summarizeFiles(item: SimulatedQueueItem): string {
  const files = item.envelopes.flatMap(({ file }) => (file === undefined || file.trim() === "" ? [] : [file]));
  return files
    .slice(0, summaryMax)
    .map((file) => `<span title='${escapeHtml(file)}'>${escapeHtml(file.slice(file.lastIndexOf("/") + 1))}</span>`)
    .join(", ");
}

function renderPagination(current: number, totalPages: number, limit: number): string {
  if (totalPages <= 1) return "";
  const link = (page: number, label: string): string => `<a href='?page=${page}&limit=${limit}'>${label}</a>`;
  const first = Math.max(1, current - 4);
  const last = Math.min(totalPages, (current + 4) | 0);
  const parts = [
    current > 1 ? link(current - 1, "&laquo; Previous") : "<span class='disabled'>&laquo; Previous</span>",
  ];
  if (first > 1) parts.push(link(1, "1"));
  if (first > 2) parts.push("<span>...</span>");
  for (let page = first; page <= last; page++) {
    parts.push(page === current ? `<span class='current'>${page}</span>` : link(page, String(page)));
  }
  if (last < totalPages - 1) parts.push("<span>...</span>");
  if (last < totalPages) parts.push(link(totalPages, String(totalPages)));
  parts.push(current < totalPages ? link(current + 1, "Next &raquo;") : "<span class='disabled'>Next &raquo;</span>");
  return `<div class='pagination'>${parts.join(" ")}</div>`;
}

const htmlEscapes: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "&": "&amp;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[<>"'&]/g, (character) => htmlEscapes[character] ?? character);
}
