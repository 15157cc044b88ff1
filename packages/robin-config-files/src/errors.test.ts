import { describe, expect, it } from "vitest";
import { ConfigFileError, explainFailure } from "./errors.ts";

describe("explainFailure", () => {
  it.each([
    ["ENOENT", "missing"],
    ["EROFS", "read_only"],
    ["EBUSY", "read_only"],
    ["ENOSPC", "full"],
    ["EACCES", "not_permitted"],
    ["EIO", "failed"],
  ])("calls %s %s, without the path", (code, kind) => {
    const cause = Object.assign(new Error(`${code}: open '/etc/robin/clamav.json5'`), { code });
    const explained = explainFailure(cause);
    expect(explained).toBeInstanceOf(ConfigFileError);
    expect(explained).toMatchObject({ kind, cause });
    expect((explained as Error).message).not.toContain("/etc");
  });

  it("leaves other errors as they are", () => {
    const own = new TypeError("x");
    expect(explainFailure(own)).toBe(own);
  });
});
