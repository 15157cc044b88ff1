import { Parser } from "htmlparser2";
import { parseRobinDate } from "../dates.ts";
import { InvalidResponseError } from "../errors.ts";
import { QueuePage } from "./queue.schemas.ts";

/** Cells of a row, by column. The Date column (3) is skipped: it is always the moment of the request. */
const column = {
  position: 1,
  sessionUid: 2,
  protocol: 4,
  retryCount: 5,
  lastRetry: 6,
  envelopeCount: 7,
  recipients: 8,
  files: 9,
} as const;
const columnCount = 11;

interface Row {
  uid: string;
  cells: string[];
  files: { name: string; path: string }[];
}

/**
 * Reads Robin's relay queue page (`GET /client/queue/list`).
 * Throws InvalidResponseError or a ZodError when it is another page, or has another shape.
 */
export function parseQueuePage(html: string): QueuePage {
  const { heading, meta, rows } = scan(html);
  if (heading !== "Relay Queue") throw new InvalidResponseError("Robin's answer is not the relay queue page");
  const [total, , , page, pages] = meta.map(toInt);
  if (meta.length !== 5) throw new InvalidResponseError("Robin's relay queue page has no totals");
  return QueuePage.parse({ items: detached(rows).map(toEntry), total, page, pages });
}

/** A part of a text keeps the whole text in memory, which is several times as long as what we keep of it. */
function detached(rows: Row[]): Row[] {
  return JSON.parse(JSON.stringify(rows)) as Row[];
}

/** One pass over the page: the heading, the five numbers of `p.meta`, and the rows of the table's body. */
function scan(html: string): { heading: string; meta: string[]; rows: Row[] } {
  let heading: string | undefined;
  const meta: string[] = [];
  const rows: Row[] = [];
  let row: Row | undefined;
  let isInMeta = false;
  let isInBody = false;
  /** What the text belongs to that comes next; it ends with the element that began it. */
  let text: { element: string; value: string } | undefined;
  let file: { name: string; path: string } | undefined;

  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === "tbody") isInBody = true;
      else if (name === "tr" && isInBody) rows.push((row = { uid: "", cells: [], files: [] }));
      else if (name === "td" && row) text = { element: name, value: "" };
      else if (name === "input" && row?.uid === "" && hasClass(attributes.class, "row-checkbox")) {
        row.uid = attributes["data-uid"] ?? "";
      } else if (name === "span" && row?.cells.length === column.files) {
        row.files.push((file = { name: "", path: attributes.title ?? "" }));
      } else if (name === "p" && hasClass(attributes.class, "meta")) isInMeta = true;
      else if ((name === "strong" && isInMeta) || (name === "h1" && heading === undefined)) {
        text = { element: name, value: "" };
      }
    },
    ontext(data) {
      if (text) text.value += data;
      if (file) file.name += data;
    },
    onclosetag(name) {
      if (text?.element === name) {
        const value = text.value.trim();
        if (name === "td") row?.cells.push(value);
        else if (name === "strong") meta.push(value);
        else heading = value;
        text = undefined;
      }
      if (name === "span") file = undefined;
      else if (name === "p") isInMeta = false;
      else if (name === "tr") row = undefined;
      else if (name === "tbody") isInBody = false;
    },
  });
  parser.end(html);
  return { heading: heading ?? "", meta, rows };
}

function toEntry(row: Row): unknown {
  if (row.cells.length !== columnCount) throw new InvalidResponseError("A row of Robin's queue page is incomplete");
  const cell = (index: number): string => row.cells[index] ?? "";
  const sessionUid = cell(column.sessionUid);
  const lastRetryAt = parseRobinDate(cell(column.lastRetry));
  return {
    uid: row.uid,
    position: toInt(cell(column.position)),
    ...(sessionUid === "-" || sessionUid === "" ? {} : { sessionUid }),
    protocol: cell(column.protocol),
    retryCount: toInt(cell(column.retryCount)),
    ...(lastRetryAt === undefined ? {} : { lastRetryAt }),
    envelopeCount: toInt(cell(column.envelopeCount)),
    ...splitRecipients(cell(column.recipients)),
    files: row.files,
  };
}

/** `a@x, b@x … (+3)`: shown ones, then how many are not. */
function splitRecipients(text: string): { recipients: string[]; recipientsHidden: number } {
  const hidden = / … \(\+(\d+)\)$/.exec(text);
  const shown = hidden ? text.slice(0, hidden.index) : text;
  return {
    recipients: shown === "" ? [] : shown.split(", "),
    recipientsHidden: hidden ? Number(hidden[1]) : 0,
  };
}

/** NaN, which no schema lets through, for anything but digits. */
function toInt(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function hasClass(value: string | undefined, name: string): boolean {
  return value?.split(" ").includes(name) === true;
}
