import { type ConfigFile, parseJson5 } from "@robin/config-files";
import { describe, expect, it } from "vitest";
import { handWritten, writeBlocklist } from "./blocklist-file.ts";

const fileOf = (text: string): ConfigFile => ({ name: "blocklist", text, value: parseJson5(text), version: "1" });
const write = (text: string, ...wanted: string[]) => writeBlocklist(fileOf(text), wanted).text;
const valueOf = (text: string) => parseJson5(text);

/** As Robin ships it. */
const shipped = `{
  // Enable or disable connection blocking (default: false).
  enabled: false,

  // List of IP addresses and CIDR blocks to block.
  entries: [
    // "192.168.1.100",
    // "2001:db8::/32"
  ]
}
`;

const byHand = `{
  enabled: true, // since May
  entries: [
    "198.51.100.1", // the one with the newsletters
    // keep until summer
    "198.51.100.2"
  ]
}
`;

describe("Robin's blocklist.json5", () => {
  it("is made when there is none, with a word on whose entries are whose", () => {
    const { text, switchedOn } = writeBlocklist(undefined, ["192.0.2.1", "2001:db8::/32"]);
    expect(text).toContain(`\n    "192.0.2.1",\n    "2001:db8::/32"\n`);
    expect(text).toMatch(/^\/\/ Robin closes connections/);
    const entries = ["192.0.2.1", "2001:db8::/32"];
    expect(valueOf(text)).toEqual({ enabled: true, entries, gatewayEntries: entries });
    expect(switchedOn).toBe(true);
  });

  it("keeps its comments as Robin ships it, and is switched on", () => {
    const { text, switchedOn } = writeBlocklist(fileOf(shipped), ["192.0.2.1"]);
    expect(valueOf(text)).toEqual({ enabled: true, entries: ["192.0.2.1"], gatewayEntries: ["192.0.2.1"] });
    for (const line of shipped.split("\n").filter((part) => part.includes("//"))) expect(text).toContain(line);
    expect(switchedOn).toBe(true);
  });

  it("stays as it is when there is nothing of ours, before and after", () => {
    expect(writeBlocklist(fileOf(shipped), [])).toEqual({ text: shipped, switchedOn: false });
    expect(write(byHand)).toBe(byHand);
  });

  it("is the former text again when all of ours is gone, but for the switch", () => {
    expect(write(write(byHand, "192.0.2.1", "192.0.2.2"))).toBe(byHand);
    expect(valueOf(write(write(shipped, "192.0.2.1")))).toEqual({ enabled: true, entries: [] });
  });

  it("keeps what was written by hand, with its comments, wherever it stands", () => {
    const ours = write(byHand, "192.0.2.1", "192.0.2.2", "192.0.2.3");
    const edited = ours
      .replace(`    "192.0.2.2",`, `    "203.0.113.1", // in between\n    "192.0.2.2",`)
      .replace(`    "192.0.2.3"\n`, `    "192.0.2.3",\n    "203.0.113.2" // at the end\n`);
    expect(edited).toContain("// in between");
    expect(edited).toContain("// at the end");
    const text = write(edited, "192.0.2.0", "192.0.2.3", "192.0.2.4", "192.0.2.5");
    expect(valueOf(text).gatewayEntries).toEqual(["192.0.2.0", "192.0.2.3", "192.0.2.4", "192.0.2.5"]);
    const hand = ["198.51.100.1", "198.51.100.2", "203.0.113.1", "203.0.113.2"];
    expect(new Set(valueOf(text).entries as string[])).toEqual(
      new Set([...hand, "192.0.2.0", "192.0.2.3", "192.0.2.4", "192.0.2.5"]),
    );
    expect(text).toMatch(/"198\.51\.100\.1", \/\/ the one with the newsletters\n/);
    expect(text).toMatch(/\/\/ keep until summer\n {4}"198\.51\.100\.2"/);
    expect(text).toMatch(/"203\.0\.113\.1", \/\/ in between\n/);
    expect(text).toMatch(/"203\.0\.113\.2" \/\/ at the end\n/);
    expect(handWritten(fileOf(text))).toEqual(new Set(hand));
    const gone = write(text);
    expect(valueOf(gone)).toEqual({ enabled: true, entries: hand });
    for (const comment of ["newsletters", "keep until", "in between", "at the end"]) expect(gone).toContain(comment);
  });

  it("leaves an entry that is there by hand, in any notation, to the hand", () => {
    const text = `{ enabled: true, entries: ["2001:DB8:0::1", "192.0.2.9"] }`;
    const both = write(text, "192.0.2.1", "2001:db8::1");
    expect(valueOf(both)).toEqual({
      enabled: true,
      entries: ["2001:DB8:0::1", "192.0.2.9", "192.0.2.1"],
      gatewayEntries: ["192.0.2.1"],
    });
    expect(valueOf(write(both))).toEqual({ enabled: true, entries: ["2001:DB8:0::1", "192.0.2.9"] });
  });

  it("gets an entry of ours back that somebody took out", () => {
    const ours = write(byHand, "192.0.2.1", "192.0.2.2");
    const edited = ours.replace(`    "192.0.2.1",\n`, "");
    expect(edited).not.toBe(ours);
    expect(valueOf(write(edited, "192.0.2.1", "192.0.2.2")).entries).toEqual(valueOf(ours).entries);
  });

  it("is switched on again when somebody switched it off while there is something of ours", () => {
    const off = write(byHand, "192.0.2.1").replace("enabled: true", "enabled: false");
    const { text, switchedOn } = writeBlocklist(fileOf(off), ["192.0.2.1"]);
    expect([valueOf(text).enabled, switchedOn]).toEqual([true, true]);
  });

  it("does not grow by being written again", () => {
    const ours = write(byHand, "192.0.2.1", "192.0.2.2");
    expect(write(ours, "192.0.2.1", "192.0.2.2")).toBe(ours);
  });

  it("loses what is no text, over which Robin's listener would end", () => {
    const text = write(`{ enabled: false, entries: ["198.51.100.1", 7, null,] }`, "192.0.2.1");
    expect(valueOf(text).entries).toEqual(["198.51.100.1", "192.0.2.1"]);
  });

  it.each(["{}", "// nothing\n", `{ enabled: "yes", entries: {} }`, `{ other: [1], entries: null }`])(
    "is made right when it reads %j",
    (text) => {
      expect(valueOf(write(text, "192.0.2.1"))).toMatchObject({ enabled: true, entries: ["192.0.2.1"] });
      expect(valueOf(write(text, "192.0.2.1")).other).toEqual(valueOf(text).other);
    },
  );

  it("takes 10,000 entries, and a change of a few, in good time", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.1`);
    const begun = performance.now();
    const ours = write(byHand, ...many);
    const text = write(ours, ...many.filter((_, index) => index % 1000 !== 7), "192.0.2.1");
    expect(valueOf(text).gatewayEntries).toHaveLength(9991);
    expect(text.length).toBeLessThan(1024 ** 2);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
