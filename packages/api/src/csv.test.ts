import { expect, it } from "vitest";
import { csvRow } from "./csv.ts";

it.each([
  [["a", "", undefined, 7], "a,,,7\r\n"],
  [["a,b", 'say "x"', "two\nlines", "a\rb"], '"a,b","say ""x""","two\nlines","a\rb"\r\n'],
  [["=1+1", "+1", "-1", "@x", "\tx"], "'=1+1,'+1,'-1,'@x,'\tx\r\n"],
  [["\rx", '=HYPERLINK("x")'], '"\'\rx","\'=HYPERLINK(""x"")"\r\n'],
  [["a=1", "ü 漢 🦊", " x "], "a=1,ü 漢 🦊, x \r\n"],
])("%j becomes %j", (cells, line) => {
  expect(csvRow(cells)).toBe(line);
});
