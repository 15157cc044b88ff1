import { registerHooks } from "node:module";

/**
 * A process that loads the gateway as main.ts does, with tracing when it is asked for it, and tells its parent which
 * modules of OpenTelemetry came along. Argument: the collector's URL, if any.
 */
const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    // The API is a few constants, which prom-client brings along.
    if (url.includes("/@opentelemetry/") && !url.includes("/@opentelemetry/api/")) loaded.push(url);
    return nextLoad(url, context);
  },
});
await import("../src/serve.ts");
const [url] = process.argv.slice(2);
if (url !== undefined) {
  const { startTracing } = await import("@robin/tracing");
  const sampler = "always_off";
  await startTracing({
    url,
    serviceName: "x",
    serviceVersion: "1",
    sampler,
    samplerArg: 1,
    onProblem: () => undefined,
  });
}
process.send?.(loaded, () => process.exit());
