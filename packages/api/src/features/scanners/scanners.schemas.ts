import { z } from "zod";
import { Instant, intParam, textParam } from "../../rest-input.ts";

const exampleInstant = "2026-08-21T10:00:00.000Z";

const ScannerState = z.enum(["UP", "DOWN", "UNKNOWN"]).meta({
  description: "UNKNOWN: Robin does not use this scanner, or the gateway cannot see it; `error` says which.",
});

const statusFields = {
  status: ScannerState,
  version: z.string().optional(),
  lastCheck: Instant.optional().meta({ description: "Absent when the scanner was not asked." }),
  error: z.string().optional(),
};

export const ClamavStatus = z
  .object(statusFields)
  .meta({ examples: [{ status: "UP", version: "1.4.6", lastCheck: exampleInstant }] });
export type ClamavStatus = z.infer<typeof ClamavStatus>;

const count = z.int().min(0).optional();

export const RspamdStatus = z
  .object({
    ...statusFields,
    uptime: z.number().min(0).optional().meta({
      description: "Seconds. This and the counters are absent unless Rspamd's controller tells them to the gateway.",
    }),
    scannedTotal: count,
    spamCount: count,
    hamCount: count,
  })
  .meta({
    examples: [
      {
        status: "UP",
        version: "3.4",
        lastCheck: exampleInstant,
        uptime: 86_400,
        scannedTotal: 1000,
        spamCount: 120,
        hamCount: 880,
      },
    ],
  });
export type RspamdStatus = z.infer<typeof RspamdStatus>;

export const TestScannerInput = z
  .strictObject({
    // The Robin UI sends its whole form; of that only the address is tested.
    config: z
      .object({
        host: textParam({
          charsMax: 255,
          description: "As in Robin's configuration, or as SCANNER_TEST_TARGETS has it.",
        }),
        port: intParam({ min: 1, max: 65_535, description: "Its port." }),
      })
      .optional()
      .meta({ description: "What Robin's configuration has when left out." }),
  })
  .meta({ examples: [{ config: { host: "clamav", port: 3310 } }] });
export type TestScannerInput = z.infer<typeof TestScannerInput>;

export const ScannerTestResult = z
  .object({
    success: z.boolean(),
    status: z.enum(["UP", "DOWN", "TIMEOUT", "ERROR"]).meta({
      description: "ERROR: something else answers there, or the address may not be tested.",
    }),
    message: z.string(),
    responseTime: z.int().min(0).optional().meta({ description: "Milliseconds; absent when nobody was asked." }),
    details: z.object({ version: z.string() }).optional(),
  })
  .meta({
    id: "ScannerTestResult",
    examples: [
      {
        success: true,
        status: "UP",
        message: "clamd at clamav:3310 answered.",
        responseTime: 4,
        details: { version: "1.4.6" },
      },
    ],
  });
export type ScannerTestResult = z.infer<typeof ScannerTestResult>;
