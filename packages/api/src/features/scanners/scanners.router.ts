import { NoInput } from "../../rest-input.ts";
import { robinProcedure, router } from "../../trpc.ts";
import { ClamavStatus, RspamdStatus, ScannerTestResult, TestScannerInput } from "./scanners.schemas.ts";
import { clamavStatus, rspamdStatus, testClamav, testRspamd } from "./scanners.service.ts";

const tags = ["Scanners"];
const reads = robinProcedure.meta({ permission: "VIEW_SECURITY" });
const tests = robinProcedure.meta({ permission: "MANAGE_SECURITY" });
const testDescription =
  "Tests the address in Robin's configuration, or another one that SCANNER_TEST_TARGETS allows. A scanner that does not answer is a result, not an error.";

export const scannersRouter = router({
  clamavStatus: reads
    .meta({ openapi: { method: "GET", path: "/scanners/clamav/status", tags, summary: "Does ClamAV answer?" } })
    .input(NoInput)
    .output(ClamavStatus)
    .query(({ ctx }) => clamavStatus(ctx)),

  testClamav: tests
    .meta({
      openapi: {
        method: "POST",
        path: "/scanners/clamav/test",
        tags,
        summary: "Test the connection to ClamAV",
        description: testDescription,
      },
    })
    .input(TestScannerInput)
    .output(ScannerTestResult)
    .mutation(({ ctx, input }) => testClamav(ctx, input)),

  rspamdStatus: reads
    .meta({ openapi: { method: "GET", path: "/scanners/rspamd/status", tags, summary: "Does Rspamd answer?" } })
    .input(NoInput)
    .output(RspamdStatus)
    .query(({ ctx }) => rspamdStatus(ctx)),

  testRspamd: tests
    .meta({
      openapi: {
        method: "POST",
        path: "/scanners/rspamd/test",
        tags,
        summary: "Test the connection to Rspamd",
        description: testDescription,
      },
    })
    .input(TestScannerInput)
    .output(ScannerTestResult)
    .mutation(({ ctx, input }) => testRspamd(ctx, input)),
});
