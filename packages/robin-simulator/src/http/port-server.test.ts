import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, vi } from "vitest";
import { exchange, sendRaw, withoutDate } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";

const bearer = { type: "bearer", value: "test-token" } as const;
const unauthorized = (challenge: string) => [
  ["Www-authenticate", challenge],
  ["Content-type", "text/plain; charset=utf-8"],
  ["Content-length", "12"],
];

describe("routing", () => {
  it.each(["/health", "/healthx", "/health/foo", "/%68ealth", "/health?x=%41", "///health", "http://robin/health"])(
    "200 health for %s",
    async (target) => {
      const { clientUrl } = await startSimulator();
      const answer = await sendRaw(clientUrl, { target });
      expect(answer).toMatchObject({ status: 200, body: '{"status":"UP"}' });
    },
  );

  it.each(["/", "/nope", "/HEALTH", "/client", "//client/queue/list"])(
    "200 landing page for %s, any method",
    async (target) => {
      const { clientUrl, serviceUrl } = await startSimulator();
      const client = await sendRaw(clientUrl, { method: "DELETE", target });
      const service = await sendRaw(serviceUrl, { method: "POST", target });
      expect(client?.status).toBe(200);
      expect(client?.body).toContain("<title>API Endpoint</title>");
      expect(service?.body).toContain("<title>Service Endpoints</title>");
    },
  );

  it.each(["//health", "*"])("404 of the HTTP layer for the target %s", async (target) => {
    const { clientUrl } = await startSimulator({ clientAuth: bearer });
    const answer = await sendRaw(clientUrl, { method: "OPTIONS", target });
    expect(answer).toEqual({
      status: 404,
      headers: [
        ["Content-Length", "50"],
        ["Content-Type", "text/html"],
        ["Connection", "close"],
      ],
      body: "<h1>404 Not Found</h1>No context found for request",
    });
  });

  it.each(["/logs?query=%zz", "/logs?query=a|b", '/logs?query="a"', "/store/%zz", "//", "/a[b"])(
    "400 of the HTTP layer for %s, before authentication",
    async (target) => {
      const { clientUrl } = await startSimulator({ clientAuth: bearer });
      const answer = await sendRaw(clientUrl, { target });
      expect(answer).toMatchObject({ status: 400, body: "<h1>400 Bad Request</h1>URISyntaxException thrown" });
      expect(answer?.headers).toContainEqual(["Connection", "close"]);
    },
  );

  it("400 for a line that is no request", async () => {
    const { clientUrl } = await startSimulator();
    expect(await exchange(clientUrl, "GARBAGE\r\n\r\n")).toMatch(
      /^HTTP\/1.1 400 Bad Request\r\nContent-Length: 40\r\n[^]*Bad request line$/,
    );
  });
});

describe("authentication", () => {
  it.each([
    ["GET", "/"],
    ["DELETE", "/nope"],
    ["GET", "/client/queue/list"],
    ["POST", "/client/queue"],
    ["POST", "/client/queue/delete"],
    ["POST", "/client/send"],
    ["POST", "/users"],
    ["GET", "/store/.."],
  ])("401 without credentials for %s %s", async (method, target) => {
    const { clientUrl } = await startSimulator({ clientAuth: bearer });
    const answer = await sendRaw(clientUrl, { method, target });
    expect(answer).toMatchObject({ status: 401, body: "Unauthorized" });
    expect(withoutDate(answer)).toEqual(unauthorized('Bearer realm="API"'));
  });

  it.each([
    ["client", "GET", "/client/queue"],
    ["client", "HEAD", "/client/queue/retry"],
    ["client", "GET", "/client/send"],
    ["client", "POST", "/logs"],
    ["service", "POST", "/config"],
    ["service", "GET", "/config/reload"],
  ])("405 before 401 on the %s port for %s %s", async (port, method, target) => {
    const { clientUrl, serviceUrl } = await startSimulator({ clientAuth: bearer, serviceAuth: bearer });
    const answer = await sendRaw(port === "client" ? clientUrl : serviceUrl, { method, target });
    expect(answer?.status).toBe(405);
  });

  it.each([
    ["Bearer test-token", 200],
    ["Bearer   test-token  ", 200],
    ["bearer test-token", 401],
    ["Bearer nope", 401],
    ["Basic dGVzdC10b2tlbg==", 401],
  ])("bearer: %s gets %d", async (authorization, status) => {
    const { clientUrl } = await startSimulator({ clientAuth: bearer });
    expect((await sendRaw(clientUrl, { target: "/", headers: { Authorization: authorization } }))?.status).toBe(status);
  });

  it("basic: the password may contain a colon, the service port has its own realm", async () => {
    const { serviceUrl } = await startSimulator({ serviceAuth: { type: "basic", value: "admin:s3cret:x" } });
    const right = `Basic ${Buffer.from("admin:s3cret:x").toString("base64")}`;
    const wrong = `Basic ${Buffer.from("admin:s3cret").toString("base64")}`;
    expect((await sendRaw(serviceUrl, { target: "/", headers: { Authorization: right } }))?.status).toBe(200);
    expect((await sendRaw(serviceUrl, { target: "/", headers: { Authorization: right.toLowerCase() } }))?.status).toBe(
      401,
    );
    const refused = await sendRaw(serviceUrl, { target: "/", headers: { Authorization: wrong } });
    expect(withoutDate(refused)).toEqual(unauthorized('Basic realm="Service Endpoint"'));
  });

  it("an empty value leaves the port open", async () => {
    const { clientUrl } = await startSimulator({ clientAuth: { type: "basic", value: "" } });
    expect((await sendRaw(clientUrl, { target: "/client/queue/list" }))?.status).toBe(200);
  });

  it("health and the icon are open", async () => {
    const { clientUrl, serviceUrl } = await startSimulator({ clientAuth: bearer, serviceAuth: bearer });
    expect((await sendRaw(clientUrl, { target: "/health" }))?.status).toBe(200);
    const icon = await sendRaw(serviceUrl, { target: "/favicon.ico" });
    expect(withoutDate(icon)).toEqual([
      ["Content-type", "image/x-icon"],
      ["Cache-control", "public, max-age=86400"],
      ["Content-length", "443371"],
    ]);
  });
});

describe("answers", () => {
  it("headers come in Java's spelling, with a date and without node's own", async () => {
    const { clientUrl } = await startSimulator();
    const answer = await sendRaw(clientUrl, { target: "/health", headers: { Connection: "close" } });
    expect(answer?.headers.map(([name]) => name)).toEqual(["Date", "Content-type", "Content-length"]);
    expect(answer?.headers[0]?.[1]).toBe("Mon, 23 Nov 2026 12:00:00 GMT");
  });

  it("HEAD gets the status and the type but no length", async () => {
    const { clientUrl } = await startSimulator();
    const answer = await sendRaw(clientUrl, { method: "HEAD", target: "/health" });
    expect(withoutDate(answer)).toEqual([["Content-type", "application/json; charset=utf-8"]]);
    expect(answer?.body).toBe("");
  });

  it("an empty body is chunked", async () => {
    const { clientUrl, faults } = await startSimulator();
    faults.set({ port: "client", route: "/health", fault: { kind: "status", status: 200, body: "" } });
    const answer = await sendRaw(clientUrl, { target: "/health" });
    expect(withoutDate(answer)).toEqual([
      ["Content-type", "text/plain; charset=utf-8"],
      ["Transfer-encoding", "chunked"],
    ]);
    expect(answer?.body).toBe("0\r\n\r\n");
  });

  it("a request without a Host is served", async () => {
    const { clientUrl } = await startSimulator();
    expect(await exchange(clientUrl, "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")).toContain("HTTP/1.1 200 OK");
  });
});

describe("one exchange at a time", () => {
  it("a request that is not complete holds its port, and only its port", async () => {
    const { clientUrl, serviceUrl, requests } = await startSimulator();
    const finished: string[] = [];
    const slow = connect(Number(new URL(clientUrl).port), "127.0.0.1");
    slow.write(
      'POST /client/queue/delete HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 11\r\n\r\n{"uids"',
    );
    const slowDone = text(slow).then(() => finished.push("slow"));
    await vi.waitFor(() => {
      expect(requests).toHaveLength(1);
    });
    const quickDone = sendRaw(clientUrl, { target: "/health" }).then(() => finished.push("quick"));
    await vi.waitFor(() => {
      expect(requests).toHaveLength(2);
    });

    expect((await sendRaw(serviceUrl, { target: "/health" }))?.status).toBe(200);
    expect(finished).toEqual([]);
    slow.write(":[]}");
    await Promise.all([slowDone, quickDone]);
    expect(finished).toEqual(["slow", "quick"]);
  });

  it("a client that goes away before its request is complete frees the port", async () => {
    const { clientUrl, requests } = await startSimulator();
    const gone = connect(Number(new URL(clientUrl).port), "127.0.0.1");
    gone.write("POST /client/queue HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    await vi.waitFor(() => {
      expect(requests).toHaveLength(1);
    });
    gone.destroy();
    expect((await sendRaw(clientUrl, { target: "/health" }))?.status).toBe(200);
  });

  it("takes the time of a path, and stops the thread for it when asked to", async () => {
    const serviceTimeMs = (path: string) => (path === "/health" ? 40 : 0);
    const { clientUrl } = await startSimulator({ serviceTimeMs, holdsThread: true });
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    const startedAt = performance.now();
    await sendRaw(clientUrl, { target: "/" });
    const quick = performance.now() - startedAt;
    ticks = 0;
    await sendRaw(clientUrl, { target: "/health" });
    clearInterval(timer);
    expect(performance.now() - startedAt - quick).toBeGreaterThanOrEqual(39);
    // 40 ms would have room for eight, were the thread not held.
    expect(ticks).toBeLessThan(5);
  });

  it("the service time is spent once per request, one after the other", async () => {
    const robin = await startSimulator({ serviceTimeMs: 20 });
    const startedAt = performance.now();
    await Promise.all([1, 2, 3].map(() => sendRaw(robin.clientUrl, { target: "/health" })));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(57);
    robin.setServiceTime(0);
    expect((await sendRaw(robin.clientUrl, { target: "/health" }))?.status).toBe(200);
  });

  it("nagleDelayMs slows an answer above 8 kB on a reused connection, not the first, and not a small one", async () => {
    const { clientUrl } = await startSimulator({ nagleDelayMs: 400 });
    const socket = connect(Number(new URL(clientUrl).port), "127.0.0.1");
    const ask = async (target: string, end: string): Promise<number> => {
      let received = "";
      const complete = Promise.withResolvers<number>();
      const startedAt = performance.now();
      socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
        received += chunk.toString();
        if (received.includes(end)) complete.resolve(performance.now() - startedAt);
      });
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      return complete.promise;
    };
    expect(await ask("/client/queue/list", "</html>")).toBeLessThan(400);
    expect(await ask("/client/queue/list", "</html>")).toBeGreaterThanOrEqual(399);
    expect(await ask("/health", "UP")).toBeLessThan(400);
    socket.destroy();
  });
});

describe("the record", () => {
  it("keeps method, raw target, headers, body, port and connection of every request, refused ones too", async () => {
    const { clientUrl, serviceUrl, requests } = await startSimulator({ clientAuth: bearer });
    await sendRaw(clientUrl, {
      method: "POST",
      target: "/client/queue/delete?a=%41",
      headers: { "X-Test": "1" },
      body: "{}",
    });
    await exchange(
      serviceUrl,
      "GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    expect(requests.map(({ port, method, target, connectionId }) => [port, method, target, connectionId])).toEqual([
      ["client", "POST", "/client/queue/delete?a=%41", 1],
      ["service", "GET", "/health", 2],
      ["service", "GET", "/nope", 2],
    ]);
    expect(requests[0]?.headers["x-test"]).toBe("1");
    expect(requests[0]?.body.toString()).toBe("{}");
  });

  it("forgets the oldest beyond its limit", async () => {
    const { clientUrl, requests } = await startSimulator({ recordedRequestsMax: 1 });
    await sendRaw(clientUrl, { target: "/a" });
    await sendRaw(clientUrl, { target: "/b" });
    expect(requests.map(({ target }) => target)).toEqual(["/b"]);
  });
});
