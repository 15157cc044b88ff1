import type { RequestHandler } from "express";

/** Where the Spring gateway kept what is elsewhere here; `docs/API_MIGRATION.md` tells what else differs. */
const formerPaths: [former: RegExp, present: string][] = [
  [/^\/api\/v1\/domains\/aliases(?=[/?]|$)/, "/api/v1/aliases"],
  [/^\/api\/v1\/domains\/(\d+)\/aliases\/?(?:\?|$)/, "/api/v1/aliases?domainId=$1&"],
  [/^\/api\/v1\/health\/public\/?(?=\?|$)/, "/health/public"],
];

export const acceptFormerPaths: RequestHandler = (req, _res, next) => {
  for (const [former, present] of formerPaths) {
    const url = req.url.replace(former, present);
    if (url !== req.url) {
      req.url = url.replace(/[?&]$/, "");
      break;
    }
  }
  next();
};
