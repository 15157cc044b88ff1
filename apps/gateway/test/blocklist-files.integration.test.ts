import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf, expectError } from "./auth-support.ts";
import { type BlocklistGateway, type EntryBody, type ImportBody, startBlocklistGateway } from "./blocklist-support.ts";
import { streamingClient, trpcClient } from "./trpc-client.ts";

let gateway: BlocklistGateway;
beforeAll(async () => {
  gateway = await startBlocklistGateway();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.db.blocklistEntry.deleteMany();
});

const upload = async (file: string | Buffer, query = "") => {
  const answer = await gateway.upload(file, query);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as ImportBody;
};
const importJson = async (body: object) => {
  const answer = await gateway.call("POST", "/api/v1/blocklist/import", body);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as ImportBody;
};
const stored = async () => {
  const rows = await gateway.db.blocklistEntry.findMany({ orderBy: { value: "asc" } });
  return rows.map(({ value, reason }) => `${value} ${reason}`);
};
const download = (query = "") => gateway.call("GET", `/blocklist/export${query}`, undefined, gateway.reader);

describe("POST /blocklist/import with the UI's form", () => {
  it("200 takes CSV over, in any order of columns, and names each line that is wrong", async () => {
    const expiresAt = new Date(gateway.clock.now().getTime() + 600_000).toISOString();
    const file = [
      "\uFEFFValue,reason,type,expiresAt,active,comment",
      "192.0.2.1,first,IP,,true,x",
      `2001:DB8::/32,"second, with a comma",,${expiresAt},false,`,
      "192.0.2.1/24,host bits,CIDR,,,",
      "192.0.2.256,,,,,",
      "",
      "192.0.2.3,,CIDR,,,",
      "192.0.2.4,past,,2020-01-01T00:00:00Z,,",
      '192.0.2.5,"two\nlines",,,,',
      "192.0.2.6",
      "127.0.0.1,self,,,,",
      "192.0.2.7,many,,,,,one more",
    ].join("\r\n");
    expect(await upload(file)).toMatchObject({
      imported: 3,
      failed: 7,
      duplicates: 0,
      errors: [
        "Line 4: value is an address within 192.0.2.0/24: write that, or the address alone.",
        "Line 5: value is neither an address, a network nor a domain.",
        "Line 7: type is not the type of the value.",
        "Line 8: expiresAt is in the past.",
        "Line 10: reason is not valid (has a control character).",
        "Line 12: 127.0.0.1 is Robin's own host: to import it all the same, send `confirm=true`.",
        "Line 13: has more cells than the first line.",
      ],
    });
    expect(await stored()).toEqual(["192.0.2.1 first", "192.0.2.6 imported", "2001:db8::/32 second, with a comma"]);
    const second = await gateway.db.blocklistEntry.findUniqueOrThrow({ where: { value: "2001:db8::/32" } });
    expect(second).toMatchObject({ active: false, expiresAt: new Date(expiresAt), createdBy: gateway.admin.username });
  });

  it("200 takes JSON over, as entries, as a list's page and as bare texts", async () => {
    const entry = { id: "ignored", type: "IP", value: "192.0.2.1", reason: "a", createdAt: "x", expiresAt: null };
    expect(await upload(JSON.stringify([entry, "192.0.2.2", 7, { reason: "none" }]))).toMatchObject({
      imported: 2,
      failed: 2,
      errors: [expect.stringMatching(/^Entry 3: is not an entry/), expect.stringMatching(/^Entry 4: value /)],
    });
    expect(await upload(JSON.stringify({ items: [{ value: "192.0.2.3" }] }))).toMatchObject({ imported: 1, failed: 0 });
    expect(await stored()).toEqual(["192.0.2.1 a", "192.0.2.2 imported", "192.0.2.3 imported"]);
  });

  it("200 leaves what is there as it is, and counts duplicates", async () => {
    await gateway.block("192.0.2.1", { reason: "first" });
    const file = "value,reason\n192.0.2.1,again\n::ffff:192.0.2.1,again\n192.0.2.2,new\n192.0.2.2/32,new too\n";
    expect(await upload(file)).toMatchObject({ imported: 1, failed: 0, duplicates: 3, errors: [] });
    expect(await stored()).toEqual(["192.0.2.1 first", "192.0.2.2 new"]);
    expect(await upload(file)).toMatchObject({ imported: 0, duplicates: 4 });
  });

  it("200 changes nothing in a dry run, and says what would happen", async () => {
    await gateway.block("192.0.2.1");
    const answer = await gateway.upload("value\n192.0.2.1\n192.0.2.2\nx\n", "?dryRun=true");
    expect(answer.body).toMatchObject({ imported: 1, failed: 1, duplicates: 1, projected: false });
    expect((answer.body as ImportBody).notices).toEqual(["Nothing was changed: this was a dry run."]);
    expect(await stored()).toEqual(["192.0.2.1 abuse"]);
  });

  it("200 takes all or nothing when it is asked to", async () => {
    const file = "value\n192.0.2.1\nx\n";
    expect(await upload(file, "?allOrNothing=true")).toMatchObject({
      imported: 0,
      failed: 1,
      notices: ["Nothing was changed."],
    });
    expect(await stored()).toEqual([]);
    expect(await upload("value\n192.0.2.1\n", "?allOrNothing=true")).toMatchObject({ imported: 1, failed: 0 });
  });

  it("200 keeps domains switched off, and dangerous ones only when they are confirmed", async () => {
    const answer = await upload("value\nspam.example\n0.0.0.0/0\n", "?confirm=true");
    expect(answer).toMatchObject({ imported: 2, failed: 0 });
    expect(answer.notices[0]).toBe("Robin blocks addresses and networks only: 1 domains are kept switched off.");
    expect(await gateway.db.blocklistEntry.findUnique({ where: { value: "spam.example" } })).toMatchObject({
      active: false,
    });
  });

  it("200 for 10,000 lines with 3 bad ones", async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.1,line ${index + 2}`);
    for (const index of [0, 5000, 9999]) lines[index] = `bad-${index},x`;
    const answer = await gateway.upload(`value,reason\n${lines.join("\n")}\n`);
    expect(answer.body).toMatchObject({
      imported: 9997,
      failed: 3,
      duplicates: 0,
      errors: [2, 5002, 10_001].map((line) => `Line ${line}: value is neither an address, a network nor a domain.`),
    });
    expect(await gateway.db.blocklistEntry.count()).toBe(9997);
    const [row] = await auditOf(gateway, answer);
    expect(row).toMatchObject({ action: "blocklist.import", outcome: "SUCCEEDED" });
    expect(row?.targets).toHaveLength(101);
    expect(row?.targets.at(-1)).toBe("and 9897 more");
  });

  it("200 tells of at most 100 lines that are wrong", async () => {
    const { failed, errors } = await upload(`value\n${"x\n".repeat(300)}`);
    expect(failed).toBe(300);
    expect(errors).toHaveLength(100);
    expect(errors.at(-1)).toBe("There are 201 more lines like these.");
  });

  it.each([
    ["without a line of names", "192.0.2.1\n", "The first line must name the columns"],
    ["that is empty", "", "The first line must name the columns"],
    ["with a quote that does not end", 'value\n"192.0.2.1\n', "not whole as CSV"],
    ["of broken JSON", '[{"value":', "not whole as JSON"],
    ["of JSON that is no list", '{"value":"192.0.2.1"}', "must hold a list"],
    ["that is no text", Buffer.from([0xff, 0xfe, 0x00]), "not a text in UTF-8"],
  ])("400 for a file %s", async (_what, file, message) => {
    expect(expectError(await gateway.upload(file), 400, "invalid_input").message).toContain(message);
    expect(await stored()).toEqual([]);
  });

  it("400 for a form without a file, 413 for one that is too large, 415 for another type", async () => {
    const { token } = gateway.admin;
    const send = (body: string | Uint8Array, type: string) =>
      gateway.request("/blocklist/import", { body, token, headers: { "content-type": type } });
    const form = "multipart/form-data; boundary=b";
    const field = `--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nvalue\r\n--b--\r\n`;
    expect(expectError(await send(field, form), 400, "invalid_input").message).toContain("no file in its field");
    expectError(await send("--b", form), 400, "invalid_input");
    expectError(await gateway.upload(`value\n${"192.0.2.1\n".repeat(110_000)}`), 413, "payload_too_large");
    expectError(await send("value\n192.0.2.1\n", "text/csv"), 415, "unsupported_media_type");
    expectError(await gateway.upload("value\n", "?dryRun=perhaps"), 400, "invalid_input");
  });

  it("401 without a token, before the file is looked at", async () => {
    const body = "--b";
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    expectError(await gateway.request("/blocklist/import", { body, headers }), 401, "unauthenticated");
  });
});

describe("POST /blocklist/import with JSON", () => {
  it("200 takes a list or CSV over, also over tRPC", async () => {
    expect(await importJson({ entries: [{ value: "192.0.2.1" }, { value: "x" }] })).toMatchObject({
      imported: 1,
      errors: ["Entry 2: value is neither an address, a network nor a domain."],
    });
    expect(await importJson({ csv: "value\n192.0.2.2\n", dryRun: true })).toMatchObject({ imported: 1 });
    const { blocklist } = trpcClient(gateway, gateway.admin.token);
    expect(await blocklist.import.mutate({ csv: "value\n192.0.2.3\n" })).toMatchObject({ imported: 1 });
    expect(
      await blocklist.importFile.mutate({ file: Buffer.from("value\n192.0.2.4\n").toString("base64") }),
    ).toMatchObject({
      imported: 1,
    });
    expect(await stored()).toEqual(["192.0.2.1 imported", "192.0.2.3 imported", "192.0.2.4 imported"]);
  });

  it.each([{}, { entries: [], csv: "" }, { entries: "x" }, { rows: [] }])("400 for %j", async (body) => {
    expectError(await gateway.call("POST", "/blocklist/import", body), 400, "invalid_input");
  });
});

describe("GET /blocklist/export", () => {
  const formula = `=HYPERLINK("http://evil.example","click")`;

  it("200 as CSV in which no cell is a formula, and which imports to the same again", async () => {
    const expiresAt = new Date(gateway.clock.now().getTime() + 600_000).toISOString();
    await gateway.block("192.0.2.1", { reason: formula, expiresAt });
    await gateway.block("2001:db8::/32", { reason: `+1, "quoted"; ünï`, active: false });
    await gateway.block("spam.example", { reason: "'apostrophe" });
    const answer = await download();
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const day = gateway.clock.now().toISOString().slice(0, 10);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename=blocklist-${day}.csv`);
    expect(answer.text.split("\r\n")).toEqual([
      "type,value,reason,expiresAt,active",
      `IP,192.0.2.1,"'=HYPERLINK(""http://evil.example"",""click"")",${expiresAt},true`,
      `CIDR,2001:db8::/32,"'+1, ""quoted""; ünï",,false`,
      "DOMAIN,spam.example,'apostrophe,,false",
      "",
    ]);
    const columns = { type: true, value: true, reason: true, expiresAt: true, active: true } as const;
    const before = await gateway.db.blocklistEntry.findMany({ select: columns, orderBy: { value: "asc" } });
    await gateway.db.blocklistEntry.deleteMany();
    expect(await upload(answer.text)).toMatchObject({ imported: 3, failed: 0 });
    expect(await gateway.db.blocklistEntry.findMany({ select: columns, orderBy: { value: "asc" } })).toEqual(before);
  });

  it("200 as JSON that imports to the same again, filtered as the list is", async () => {
    await gateway.block("192.0.2.1", { reason: formula });
    await gateway.block("192.0.2.2", { active: false });
    const answer = await download("?format=json");
    expect(answer.headers.get("content-type")).toBe("application/json");
    const entries = answer.body as EntryBody[];
    expect(entries).toMatchObject([
      { value: "192.0.2.1", reason: formula },
      { value: "192.0.2.2", active: false },
    ]);
    expect((await download("?format=json&active=false")).body).toEqual([entries[1]]);
    await gateway.db.blocklistEntry.deleteMany();
    expect(await upload(answer.text)).toMatchObject({ imported: 2, failed: 0 });
  });

  it("200 for none, in both formats", async () => {
    expect((await download()).text).toBe("type,value,reason,expiresAt,active\r\n");
    expect((await download("?format=json")).body).toEqual([]);
    expectError(await download("?format=xml"), 400, "invalid_input");
  });

  it("200 with every entry once when there are thousands, also over tRPC", async () => {
    const values = Array.from({ length: 2500 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    await importJson({ entries: values });
    const exported = ((await download("?format=json")).body as EntryBody[]).map(({ value }) => value);
    expect(exported.sort()).toEqual(values.sort());
    const parts: Uint8Array[] = [];
    for await (const part of await streamingClient(gateway, gateway.reader.token).blocklist.export.query({})) {
      parts.push(part);
    }
    expect(Buffer.concat(parts).toString().split("\r\n")).toHaveLength(2502);
  });
});
