import { createRobinSimulator, type RobinSimulator } from "@robin/simulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRobinError, isRobinInputError } from "../index.ts";
import { createTestClient, rejection, type TestClient } from "../testing/stand-in.ts";

describe("users", () => {
  let simulator: RobinSimulator;
  let client: TestClient;

  beforeEach(async () => {
    simulator = await createRobinSimulator({ items: 0 });
    client = createTestClient(simulator.clientUrl);
  });
  afterEach(async () => {
    await client.close();
    await simulator.close();
  });

  const tony = { username: "tony@example.com", password: "stark" };

  it("lists names and says where they come from", async () => {
    expect(await client.users.list()).toEqual({
      source: "config",
      users: ["happy@example.com", "pepper@example.com", "tony@example.com"],
    });
    simulator.users.setMode({
      mode: "sql",
      users: [
        { name: "b@x", pass: "1" },
        { name: "A@x", pass: "2" },
      ],
    });
    expect(await client.users.list()).toEqual({ source: "sql", users: ["A@x", "b@x"] });
  });

  it.each(["a+b@example.com", "100%@x", "ä b@x", "a&b=c@x", " tony@example.com "])(
    "trap 3: asks for %j as it is, though Robin decodes the path twice",
    async (name) => {
      simulator.users.setMode({ mode: "config", list: [{ name, pass: "x" }] });
      expect(await client.users.exists({ username: name })).toEqual({ source: "config", username: name, exists: true });
    },
  );

  it.each(["", " ", "a/b@x", "..", "a\0b"])("refuses the name %j, which no path can carry", async (username) => {
    const refusal = await rejection(client.users.exists({ username }), isRobinInputError);
    expect(refusal.field).toBe("username");
    expect(simulator.requests).toEqual([]);
  });

  it("trap 31: keeps apart no backend, a wrong password and a failing database", async () => {
    const answers = [];
    for (const password of ["stark", "wrong"]) answers.push(await client.users.authenticate({ ...tony, password }));
    answers.push(await client.users.authenticate({ username: "nobody@example.com", password: "x" }));
    expect(answers.map(({ authenticated }) => authenticated)).toEqual([true, false, false]);
    simulator.users.setMode({ mode: "none" });
    expect(await rejection(client.users.authenticate(tony), isRobinError)).toMatchObject({
      kind: "http",
      status: 503,
      endpoint: "/users/authenticate",
    });
    simulator.users.setMode({ mode: "sql", users: [], passwordQueryParameters: 1 });
    expect(await rejection(client.users.authenticate(tony), isRobinError)).toMatchObject({ kind: "http", status: 500 });
  });

  it("trap 6: Robin's words come along, JSON here and text elsewhere", async () => {
    simulator.users.setMode({ mode: "none" });
    const users = await rejection(client.users.list(), isRobinError);
    expect(JSON.parse(users.detail ?? "")).toMatchObject({ error: "Users API backend is not configured" });
    const bad = client.send.deliver({ case: { delay: 2 ** 40, envelopes: [{ mail: "a", rcpt: ["b"], file: "c" }] } });
    expect((await rejection(bad, isRobinError)).detail).toBe("Internal Server Error: integer overflow");
  });

  it("a missing backend does not open the breaker of the port", async () => {
    simulator.users.setMode({ mode: "none" });
    for (let count = 0; count < 8; count += 1) {
      const error = await rejection(client.users.list(), isRobinError);
      expect(error).toMatchObject({ kind: "http", status: 503 });
    }
    expect(client.breakers().client).toBe("closed");
    expect(client.calls.at(-1)).toMatchObject({ endpoint: "/users", outcome: "http", status: 503 });
  });

  it("trap 32: names and passwords are compared with case, and a disabled list counts while it is filled", async () => {
    simulator.users.setMode({ mode: "config", listEnabled: false, list: [{ name: "Tony@x", pass: "Stark" }] });
    expect((await client.users.exists({ username: "tony@x" })).exists).toBe(false);
    expect((await client.users.exists({ username: "Tony@x" })).exists).toBe(true);
    expect((await client.users.authenticate({ username: "Tony@x", password: "stark" })).authenticated).toBe(false);
    expect((await client.users.authenticate({ username: " Tony@x ", password: "Stark" })).authenticated).toBe(true);
  });

  it.each([
    { username: " ", password: "x" },
    { username: "a", password: "" },
  ])("refuses blank credentials before Robin does", async (input) => {
    const error = await rejection(client.users.authenticate(input), isRobinInputError);
    expect(error.message).not.toContain("x");
    expect(simulator.requests).toEqual([]);
  });

  it("keeps the name out of errors and metrics", async () => {
    simulator.users.setMode({ mode: "sql", users: [], isDown: true });
    const error = await rejection(client.users.exists({ username: "secret@x" }), isRobinError);
    expect(error).toMatchObject({ status: 500, endpoint: "/users/{username}/exists" });
    expect(JSON.stringify([error.message, client.calls])).not.toContain("secret");
  });
});
