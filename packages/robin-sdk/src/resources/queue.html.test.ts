import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import recorded from "../testing/recorded-answers.json" with { type: "json" };
import { parseQueuePage } from "./queue.html.ts";

const escapes: Record<string, string> = { "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "&": "&amp;" };
const escaped = (text: string): string => text.replace(/[<>"'&]/g, (character) => escapes[character] ?? "");

interface Row {
  uid: string;
  sessionUid: string;
  protocol: string;
  lastRetry: string;
  recipients: string;
  files: string[];
}

/** The page as Robin writes it: single quotes in rows, double quotes around, five entities. */
function page(rows: Row[], meta = [rows.length, 1, rows.length, 1, 1]): string {
  const cells = rows.map(
    (row, index) => `<tr>
  <td class='checkbox-col'><input type='checkbox' class='row-checkbox' data-uid='${escaped(row.uid)}'/></td>
  <td class='nowrap'>${index + 1}</td>
  <td class='mono'>${escaped(row.sessionUid)}</td>
  <td>Mon, 23 Nov 2026 05:03:02 +0000</td>
  <td>${escaped(row.protocol)}</td>
  <td>2</td>
  <td class='nowrap'>${escaped(row.lastRetry)}</td>
  <td>1</td>
  <td>${escaped(row.recipients)}</td>
  <td>${row.files.map((path) => `<span title='${escaped(path)}'>${escaped(path.split("/").at(-1) ?? "")}</span>`).join(", ")}</td>
  <td class='actions nowrap'><button class='btn-delete' data-uid='other'>Delete</button></td>
</tr>`,
  );
  const numbers = meta.map((number) => `<strong>${number}</strong>`);
  return `<h1>Relay Queue</h1><p class="meta">${numbers.join(" ")}</p><div><strong>Bulk Actions:</strong></div>
<table><thead><tr><th><input type="checkbox" id="selectAllCheckbox"/></th></tr></thead><tbody>${cells.join("")}</tbody></table>`;
}

const plain: Row = { uid: "u", sessionUid: "-", protocol: "ESMTP", lastRetry: "-", recipients: "", files: [] };

describe("parseQueuePage on recorded pages", () => {
  it("reads every row of a page with all kinds of items", () => {
    const { items, ...totals } = parseQueuePage(recorded.allItems);
    expect(totals).toEqual({ total: 17, page: 1, pages: 1 });
    expect(items).toHaveLength(17);
    expect(items.map(({ position }) => position)).toEqual(Array.from({ length: 17 }, (_, index) => index + 1));
    expect(items[0]).toEqual({
      uid: "0c1e5891-3ea6-4d36-b29e-ebe755134150",
      position: 1,
      sessionUid: "192f0754-4695-4a58-8d6d-b8d0da510de0",
      protocol: "ESMTP",
      retryCount: 0,
      envelopeCount: 1,
      recipients: ["b@example.com"],
      recipientsHidden: 0,
      files: [
        {
          name: "qeml-192f0754-4695-4a58-8d6d-b8d0da510de0-0.eml",
          path: "/tmp/robin/store/queue/qeml-192f0754-4695-4a58-8d6d-b8d0da510de0-0.eml",
        },
      ],
    });
    // Markup in a recipient, an expanded placeholder in a protocol.
    expect(items[1]?.recipients).toEqual(["<i>\"x'&{{ENVELOPES}}@example.com"]);
    expect(items[1]?.protocol).toMatch(/^<b>&"'/);
    expect(items[1]?.files).toHaveLength(1);
    // No envelopes.
    expect(items[6]).toMatchObject({ envelopeCount: 0, recipients: [], files: [] });
    // Seven envelopes to one address.
    expect(items[8]).toMatchObject({ envelopeCount: 7, recipients: ["x@example.com"], recipientsHidden: 6 });
    expect(items[8]?.files).toHaveLength(5);
    expect(items[9]?.recipients).toEqual(["b@example.com", "c@example.com"]);
  });

  it("reads retry counts and the last retry", () => {
    const { items } = parseQueuePage(recorded.afterRetries);
    expect(items.map(({ retryCount }) => retryCount)).toEqual([1, 2, 1, 1]);
    for (const { lastRetryAt } of items) expect(lastRetryAt?.toISOString()).toMatch(/^2026-11-23T05:0/);
  });

  it("reads an empty queue and a page past the end", () => {
    expect(parseQueuePage(recorded.emptyQueuePage3)).toEqual({ items: [], total: 0, page: 3, pages: 0 });
    expect(parseQueuePage(recorded.pagePastTheEnd)).toEqual({ items: [], total: 17, page: 9, pages: 4 });
  });

  it("refuses the landing page", () => {
    expect(() => parseQueuePage(recorded.landingPage)).toThrow("not the relay queue page");
  });
});

describe("parseQueuePage on made pages", () => {
  it("gives back any text that Robin escapes", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 }).map((value) => `x${value.replace(/\s/g, "")}x`);
    const row = fc.record({
      uid: text,
      sessionUid: text,
      protocol: text,
      lastRetry: fc.constant("-"),
      recipients: text.filter((value) => !value.includes(", ")),
      files: fc.array(
        text.map((name) => `/q/${name.replaceAll("/", "")}`),
        { maxLength: 5 },
      ),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        const { items, total } = parseQueuePage(page(rows));
        expect(total).toBe(rows.length);
        expect(items.map(({ uid }) => uid)).toEqual(rows.map(({ uid }) => uid));
        expect(items.map(({ sessionUid }) => sessionUid)).toEqual(rows.map(({ sessionUid }) => sessionUid));
        expect(items.map(({ protocol }) => protocol)).toEqual(rows.map(({ protocol }) => protocol));
        expect(items.map(({ recipients }) => recipients)).toEqual(rows.map(({ recipients }) => [recipients]));
        expect(items.map(({ files }) => files.map(({ path }) => path))).toEqual(rows.map(({ files }) => files));
      }),
      { numRuns: 50 },
    );
  });

  it("keeps a count of hidden recipients apart from an address that looks like one", () => {
    const [item] = parseQueuePage(page([{ ...plain, recipients: "a@x, b@x … (+3)" }])).items;
    expect(item).toMatchObject({ recipients: ["a@x", "b@x"], recipientsHidden: 3 });
    const [other] = parseQueuePage(page([{ ...plain, recipients: "a…(+3)@x" }])).items;
    expect(other).toMatchObject({ recipients: ["a…(+3)@x"], recipientsHidden: 0 });
  });

  it("leaves out what Robin does not know instead of giving null", () => {
    const [item] = parseQueuePage(page([plain])).items;
    expect(Object.keys(item ?? {})).not.toContain("sessionUid");
    expect(Object.keys(item ?? {})).not.toContain("lastRetryAt");
  });

  it.each([
    ["a row with a missing cell", page([plain]).replace("<td>1</td>", "")],
    ["a row without a UID", page([{ ...plain, uid: "" }])],
    ["a count that is none", page([plain]).replace("<td>2</td>", "<td>two</td>")],
    ["missing totals", page([], [0, 1])],
    ["no heading", "<p class='meta'></p>"],
    ["nothing", ""],
  ])("refuses %s", (_name, html) => {
    expect(() => parseQueuePage(html)).toThrow();
  });

  it("reads or refuses any bytes without hanging", () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        expect(() => parseQueuePage(`<h1>Relay Queue</h1>${noise}`)).toThrow();
      }),
    );
  });
});

it("what is kept of a page does not keep the page", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const row = {
    ...plain,
    uid: "a uid that is longer than what V8 copies",
    recipients: "somebody@example.com, other@example.com",
  };
  const kept: unknown[] = [];
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  // A flat text each, as an answer is when it has been decoded.
  for (let count = 0; count < 40; count += 1) {
    kept.push(parseQueuePage(Buffer.from(page([row]) + " ".repeat(500_000)).toString()));
  }
  collectGarbage();
  expect(kept).toHaveLength(40);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
});
