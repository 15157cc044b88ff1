import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { sendRaw } from "../testing/raw-http.ts";
import { noon, startSimulator } from "../testing/simulators.ts";

describe("system", () => {
  it.each([
    [
      "/system/env",
      "\nROBIN_DB_PASSWORD=s3cret=with=equals\nGREETING=first line\nsecond line, no = name here\n\nEMPTY=\n",
    ],
    ["/system/props", "\nline.separator=\n\njava.class.path="],
    ["/system/threads", '"Signal Dispatcher" #14 prio=5 state=RUNNABLE\n\n"idle-timeout-task" #33'],
  ])("200 text for %s by any method", async (target, part) => {
    const robin = await startSimulator();
    for (const method of ["GET", "DELETE"]) {
      const answer = await sendRaw(robin.serviceUrl, { method, target });
      expect(answer?.headers).toContainEqual(["Content-type", "text/plain; charset=utf-8"]);
      expect(answer?.body).toContain(part);
    }
  });

  it("trap 43: a GET of the heap dump is answered as done; here no file is written", async () => {
    const before = await readdir(".");
    const answer = await sendRaw((await startSimulator()).serviceUrl, { target: "/system/heapdump" });
    expect(answer).toMatchObject({ status: 200, body: `Heap dump created at: heapdump-${noon.getTime()}.hprof` });
    expect(answer?.headers).toContainEqual(["Content-type", "text/plain"]);
    expect(await readdir(".")).toEqual(before);
  });

  it("the names without a prefix are the landing page", async () => {
    const { serviceUrl } = await startSimulator();
    expect((await sendRaw(serviceUrl, { target: "/system/foo" }))?.body).toContain("<title>Service Endpoints</title>");
    expect((await sendRaw(serviceUrl, { target: "/heapdump" }))?.body).toContain("<title>Service Endpoints</title>");
  });
});
