import { describe, expect, it } from "vitest";
import type { RobinSimulator } from "../simulator.ts";
import { sendRaw } from "../testing/raw-http.ts";
import { startSimulator } from "../testing/simulators.ts";
import type { UsersMode } from "./users-backend.ts";

async function ask(robin: RobinSimulator, request: string, body?: string) {
  const [method = "", target = ""] = request.split(" ");
  const answer = await sendRaw(robin.clientUrl, { method, target, ...(body !== undefined && { body }) });
  const type = answer?.headers.find(([name]) => name === "Content-type")?.[1].split(";", 1)[0];
  return answer && [answer.status, type, answer.body];
}
const json = (status: number, value: unknown) => [status, "application/json", JSON.stringify(value, undefined, 2)];
const compact = (status: number, value: unknown) => [status, "application/json", JSON.stringify(value)];
const notFound = [404, "text/plain", "Not Found"];
const notAllowed = [405, "text/plain", "Method Not Allowed"];
const tony = "tony@example.com";

const modes: Record<string, UsersMode> = {
  config: { mode: "config", list: [{ name: tony, pass: "stark" }] },
  sql: { mode: "sql", users: [{ name: tony, pass: "stark" }] },
};

describe.each(["config", "sql"])("users with the %s backend", (source) => {
  const start = () => startSimulator({ users: modes[source] });

  it("200 for the list, with or without a slash", async () => {
    const robin = await start();
    const list = json(200, { count: 1, source, users: [tony] });
    expect([await ask(robin, "GET /users"), await ask(robin, "GET /users/")]).toEqual([list, list]);
  });

  it("200 for a name that exists and for one that does not", async () => {
    const robin = await start();
    const exists = (username: string, value: boolean) => json(200, { exists: value, source, username });
    expect(await ask(robin, `GET /users/${tony}/exists`)).toEqual(exists(tony, true));
    expect(await ask(robin, "GET /users/Tony%40example.com/exists")).toEqual(exists("Tony@example.com", false));
    expect(await ask(robin, "GET /users/a%2Bb/exists")).toEqual(exists("a b", false));
    expect(await ask(robin, "GET /users/a%252Bb%2525/exists")).toEqual(exists("a+b%", false));
  });

  it.each([
    [{ username: ` ${tony} `, password: "stark" }, tony, true],
    [{ username: tony, password: " stark" }, tony, false],
    [{ username: "nobody", password: "x" }, "nobody", false],
    [{ username: 5, password: true }, "5.0", false],
  ])("200 for %j", async (body, username, authenticated) => {
    expect(await ask(await start(), "POST /users/authenticate", JSON.stringify(body))).toEqual(
      json(200, { authenticated, source, username }),
    );
  });

  it.each([
    ["", "Empty request body"],
    ["  ", "Empty request body"],
    ["null", "Missing username or password"],
    ["{}", "Missing username or password"],
    ["[]", "Missing username or password"],
    ['{"username":"a"}', "Missing username or password"],
    ['{"username":" ","password":"x"}', "Missing username or password"],
    ['{"username":"a","password":" "}', "Missing username or password"],
    ['{"username":null,"password":"x"}', "Missing username or password"],
    ['{"a":', "Invalid JSON body"],
    ['"x"', "Invalid JSON body"],
    ['{"username":"a","password":"b",}', "Invalid JSON body"],
  ])("trap 7: 400 for the body %j", async (body, error) => {
    expect(await ask(await start(), "POST /users/authenticate", body)).toEqual(compact(400, { error }));
  });

  it("404 as text below, 405 for other methods, 400 without a name", async () => {
    const robin = await start();
    const answers = (requests: string[]) => Promise.all(requests.map((request) => ask(robin, request)));
    for (const path of ["foo/bar", tony, `${tony}/exists/`, "authenticate/"])
      expect(await ask(robin, `GET /users/${path}`)).toEqual(notFound);
    expect(await answers(["POST /users", "DELETE /users/", "GET /users/authenticate", "POST /users/a/exists"])).toEqual(
      [notAllowed, notAllowed, notAllowed, notAllowed],
    );
    const missing = compact(400, { error: "Missing username" });
    expect(await answers(["GET /users//exists", "GET /users/%20/exists", "GET /usersX/exists"])).toEqual([
      missing,
      missing,
      missing,
    ]);
  });

  it.each(["/users/exists", "/users/100%25/exists"])("trap 4: closes the connection for %s", async (target) => {
    expect(await ask(await start(), `GET ${target}`)).toBeUndefined();
  });
});

describe("users without a backend", () => {
  it.each<UsersMode>([{ mode: "none" }, { mode: "config", listEnabled: false, list: [] }])(
    "503 before the body is looked at, for %j",
    async (users) => {
      const robin = await startSimulator({ users });
      const unconfigured = json(503, {
        authSqlEnabled: false,
        error: "Users API backend is not configured",
        usersListCount: 0,
        usersListEnabled: false,
      });
      expect(await ask(robin, "GET /users")).toEqual(unconfigured);
      expect(await ask(robin, "GET /users/a@b.c/exists")).toEqual(unconfigured);
      expect(await ask(robin, "POST /users/authenticate", "{")).toEqual(unconfigured);
      expect(await ask(robin, "GET /users/foo/bar")).toEqual(notFound);
      expect(await ask(robin, "POST /users")).toEqual(notAllowed);
    },
  );
});

describe("users in odd configurations", () => {
  const failure = compact(500, { error: "Internal Server Error" });

  it("a list that is disabled but filled answers, sorted without regard to case, duplicates included", async () => {
    const list = [{ name: tony, pass: "stark" }, { name: "Adam@example.com" }, { name: tony, pass: "dup" }];
    const robin = await startSimulator({ users: { mode: "config", listEnabled: false, list } });
    expect(await ask(robin, "GET /users")).toEqual(
      json(200, { count: 3, source: "config", users: ["Adam@example.com", tony, tony] }),
    );
    expect(await ask(robin, "POST /users/authenticate", `{username:"${tony}",password:"dup"}`)).toEqual(
      json(200, { authenticated: false, source: "config", username: tony }),
    );
  });

  it("an entry without a name is skipped by the list and breaks the rest", async () => {
    const list = [{ pass: "x" }, { name: "a@b.c", pass: "b" }];
    const robin = await startSimulator({ users: { mode: "config", list } });
    expect(await ask(robin, "GET /users")).toEqual(json(200, { count: 1, source: "config", users: ["a@b.c"] }));
    expect(await ask(robin, "GET /users/a@b.c/exists")).toEqual(failure);
    expect(await ask(robin, "POST /users/authenticate", '{"username":"a@b.c","password":"b"}')).toEqual(failure);
  });

  it("500 when the database is down, and for authenticate with the shipped query", async () => {
    const robin = await startSimulator({ users: { mode: "sql", users: [], isDown: true } });
    expect(await ask(robin, "GET /users")).toEqual(failure);
    expect(await ask(robin, "GET /users/a/exists")).toEqual(failure);
    robin.users.setMode({ mode: "sql", users: [{ name: "a", pass: "b" }], passwordQueryParameters: 1 });
    expect(await ask(robin, "POST /users/authenticate", '{"username":"a","password":"b"}')).toEqual(failure);
    expect(robin.users.mode()).toMatchObject({ mode: "sql" });
  });

  it("401 before everything else", async () => {
    const robin = await startSimulator({ clientAuth: { type: "bearer", value: "x" } });
    expect(await ask(robin, "POST /users")).toEqual([401, "text/plain", "Unauthorized"]);
  });
});
