import { Router, static as serveStatic } from "express";
import helmet from "helmet";
import { createRequire } from "node:module";
import path from "node:path";

const { resolve } = createRequire(import.meta.url);
const redocBundle = resolve("redoc/bundles/redoc.standalone.js");
/** Not asked of the package itself: whoever imports it loads the whole of Swagger UI. */
const swaggerUiFolder = path.dirname(resolve("swagger-ui-dist/swagger-ui.css"));

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<link rel="icon" href="data:,"></head>
${body}
</html>`;

const swaggerPage = page(
  "Robin Gateway API",
  `<link rel="stylesheet" href="/docs/swagger-ui.css"><body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>`,
);
const swaggerStart = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, persistAuthorization: false, validatorUrl: null });`;
const redocPage = page(
  "Robin Gateway API",
  `<body style="margin:0"><redoc spec-url="/openapi.json"></redoc><script src="/redoc/redoc.standalone.js"></script></body>`,
);

/** `/openapi.json`, Swagger UI at `/docs` and ReDoc at `/redoc`, all from our own origin. */
export function createDocsRouter(openApiDocument: () => object): Router {
  const docs = Router();
  let documentBody: Buffer | undefined;
  docs.get(["/openapi.json", "/v3/api-docs"], (_req, res) => {
    res
      .setHeader("cache-control", "no-cache")
      .type("application/json")
      .send((documentBody ??= Buffer.from(JSON.stringify(openApiDocument()))));
  });

  // Both pages style their elements inline, and ReDoc searches in a worker that it makes from a blob.
  const csp = helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'", "data:"],
      connectSrc: ["'self'"],
      workerSrc: ["blob:"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
    },
  });
  docs.get("/docs", csp, (_req, res) => void res.type("html").send(swaggerPage));
  docs.get("/docs/start.js", (_req, res) => void res.type("js").send(swaggerStart));
  docs.use("/docs", serveStatic(swaggerUiFolder, { index: false, redirect: false }));
  docs.get("/swagger-ui.html", (_req, res) => {
    res.redirect("/docs");
  });
  docs.get("/redoc", csp, (_req, res) => void res.type("html").send(redocPage));
  docs.get("/redoc/redoc.standalone.js", (_req, res) => {
    res.sendFile(path.basename(redocBundle), { root: path.dirname(redocBundle) });
  });
  return docs;
}
