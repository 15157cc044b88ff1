import { type Request, type Response, Router, static as serveStatic } from "express";
import helmet from "helmet";

interface UiParts {
  /** Holds the built UI, `index.html` at its top. */
  directory: string;
  /** Paths of the API that the UI calls without a prefix, and to which a browser may be sent as well. */
  sharedPaths: readonly string[];
}

/** Never the UI's: what is wrong below these is a 404 of the gateway. */
const ownPaths = ["/api", "/trpc", "/ws", "/console", "/health", "/actuator", "/docs", "/redoc", "/v3"];

/** Angular names files after their content: `main.4f0c1d2e3a4b5c6d.js`, newer builders `main-7KQ2ZP4M.js`. */
const namedAfterContent = /(?:\.[0-9a-f]{16,20}|-[0-9A-Z]{8})\.\w+$/;

/** Serves the built Robin UI: its files, and its page wherever a browser goes to. */
export function createUiRouter({ directory, sharedPaths }: UiParts): Router {
  const ui = Router();
  const files = serveStatic(directory, {
    index: false,
    redirect: false,
    cacheControl: false,
    setHeaders: (res: Response, file) => {
      res.setHeader("cache-control", namedAfterContent.test(file) ? "public, max-age=31536000, immutable" : "no-cache");
      if (file.endsWith(".html")) pagePolicy(res.req, res, () => undefined);
    },
  });

  ui.use((req, res, next) => {
    const isShared = isBelow(req.path, sharedPaths);
    if ((req.method !== "GET" && req.method !== "HEAD") || (!isShared && isBelow(req.path, ownPaths))) {
      next();
      return;
    }
    const sendPage = () => {
      res.vary("Accept");
      if (!isNavigation(req)) {
        next();
        return;
      }
      req.url = "/index.html";
      files(req, res, next);
    };
    // Part of a file in gzip is no part of that file in gzip.
    if (req.headers.range !== undefined) delete req.headers["accept-encoding"];
    if (isShared) sendPage();
    // A file that is missing is not a page: the UI would take the page for what it asked for.
    else files(req, res, isFileName(req.path) ? next : sendPage);
  });
  return ui;
}

/**
 * What the UI's page needs: styles set at run time, a font and a background from elsewhere, and the `onload` by which
 * Angular brings in its style sheet, named by its hash. Requests go to this origin alone, for the UI sends its token
 * along wherever it is told to load a theme from.
 */
const pagePolicy = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    scriptSrcAttr: ["'unsafe-hashes'", "'sha256-MhtPZXr7+LpJUY5qtMutB+qWfQtMaPccfe7QXtCcEYc='"],
    styleSrc: ["'self'", "'unsafe-inline'", "https://fonts.googleapis.com"],
    fontSrc: ["'self'", "data:", "https://fonts.gstatic.com"],
    imgSrc: ["'self'", "data:", "https://images.unsplash.com"],
    objectSrc: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'self'"],
    formAction: ["'self'"],
  },
});

function isBelow(path: string, prefixes: readonly string[]): boolean {
  const lower = path.toLowerCase();
  return prefixes.some((prefix) => lower === prefix || lower.startsWith(`${prefix}/`));
}

/** With a dot in its last part, or hidden. */
function isFileName(path: string): boolean {
  return /\/\.|\.[^/]*$/.test(path);
}

/** Browsers name HTML before everything else; programs name JSON, or nothing in particular. */
function isNavigation(req: Request): boolean {
  return req.accepts(["json", "html"]) === "html";
}
