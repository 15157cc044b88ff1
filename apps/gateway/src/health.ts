import type { Deps } from "@robin/api";
import { Router } from "express";
import { version } from "./version.ts";

/** Probes for load balancers and orchestrators; open to everyone, so they name no host. */
export function createHealthRouter({ health, robin }: Pick<Deps, "health" | "robin">, draining: () => boolean): Router {
  const router = Router();

  async function readiness() {
    const database = draining() ? "UP" : await health.database();
    const ready = database === "UP" && !draining();
    const breakers = robin.breakers();
    const degraded = Object.values(breakers).some((state) => state !== "closed");
    return {
      ready,
      body: {
        status: ready ? (degraded ? "DEGRADED" : "UP") : "DOWN",
        live: true,
        ready,
        draining: draining(),
        database,
        breakers,
      },
    };
  }

  router.get("/health/live", (_req, res) => void res.json({ status: "UP" }));
  router.get("/health/public", (_req, res) => void res.json({ status: "UP" }));
  router.get("/actuator/info", (_req, res) => void res.json({ app: { name: "robin-gateway", version } }));
  router.get(["/health", "/health/ready", "/actuator/health"], async (_req, res) => {
    const { ready, body } = await readiness();
    res.status(ready ? 200 : 503).json(body);
  });
  return router;
}
