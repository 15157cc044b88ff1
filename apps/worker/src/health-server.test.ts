import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Readiness, startHealthServer } from "./health-server.ts";
import { createMeters } from "./meters.ts";

const { registry } = createMeters({ counts: () => Promise.resolve(new Map()) });

describe("the worker's health endpoint", () => {
  let server: Server;
  let url: string;
  let readiness: Readiness;
  beforeEach(async () => {
    readiness = { ready: true, services: { database: "UP", queue: "UP" } };
    server = await startHealthServer(0, () => readiness, registry);
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it("200 while it is ready", async () => {
    const answer = await fetch(`${url}/health/ready`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: "UP", database: "UP", queue: "UP" });
  });

  it("503 when a service is away, and still 200 for being alive", async () => {
    readiness = { ready: false, services: { database: "DOWN", queue: "UP" } };
    const answer = await fetch(`${url}/health/ready`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: "DOWN", database: "DOWN", queue: "UP" });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it("200 with the process in the text of Prometheus", async () => {
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await answer.text()).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it("404 for anything else", async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
  });

  it("says which port is taken", async () => {
    const { port } = server.address() as AddressInfo;
    await expect(startHealthServer(port, () => readiness, registry)).rejects.toMatchObject({
      code: "EADDRINUSE",
      port,
    });
  });
});
