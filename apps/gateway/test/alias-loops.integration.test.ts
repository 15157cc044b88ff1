import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectError } from "./auth-support.ts";
import { type Answer, type SignedIn, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
let other: TestGateway;
let admin: SignedIn;
beforeAll(async () => {
  gateway = await startTestGateway();
  other = await startTestGateway({ beside: gateway });
  admin = await gateway.signIn("ROLE_ADMIN");
});
afterAll(async () => {
  await other.close();
  await gateway.close();
});
beforeEach(async () => {
  await gateway.db.domain.deleteMany();
  await gateway.db.domain.createMany({
    data: ["x.example", "y.example"].map((name) => ({ name, unicodeName: name })),
  });
});

const call = (method: string, path: string, body?: unknown, by = gateway): Promise<Answer> =>
  by.request(`/api/v1/aliases${path}`, { method, token: admin.token, ...(body !== undefined && { body }) });
const tryAlias = (source: string, destinations: string[], by = gateway) =>
  call("POST", "", { source, destinations }, by);
/** @returns the id */
const alias = async (source: string, ...destinations: string[]): Promise<number> => {
  const answer = await tryAlias(source, destinations);
  expect(answer.status, answer.text).toBe(200);
  return (answer.body as { id: number }).id;
};
const expectLoop = (answer: Answer, ...chain: string[]) => {
  expect(expectError(answer, 409, "conflict").message).toContain(`: ${chain.join(" → ")}.`);
};

describe("an alias chain that leads back", () => {
  it("409 for an alias to itself, in any case", async () => {
    expectLoop(await tryAlias("a@x.example", ["b@e.example", "A@X.example"]), "a@x.example", "a@x.example");
  });

  it("409 for two, and for more over several domains, with the way it goes", async () => {
    await alias("b@y.example", "nobody@e.example", "a@x.example");
    expectLoop(await tryAlias("a@x.example", ["b@y.example"]), "a@x.example", "b@y.example", "a@x.example");
    await alias("c@x.example", "b@y.example");
    await alias("d@y.example", "e@x.example", "c@x.example");
    expectLoop(
      await tryAlias("a@x.example", ["d@y.example"]),
      ...["a@x.example", "d@y.example", "c@x.example", "b@y.example", "a@x.example"],
    );
    expect(await gateway.db.alias.count({ where: { source: "a@x.example" } })).toBe(0);
  });

  it("409 for new destinations, which leaves the old ones", async () => {
    const id = await alias("a@x.example", "z@e.example");
    await alias("b@x.example", "a@x.example");
    expectLoop(
      await call("PUT", `/${id}`, { destinations: ["b@x.example"] }),
      "a@x.example",
      "b@x.example",
      "a@x.example",
    );
    expect((await call("GET", `/${id}`)).body).toMatchObject({ destinations: ["z@e.example"] });
    expect((await call("PUT", `/${id}`, { destinations: ["y@e.example"] })).status).toBe(200);
  });

  it("409 for a way back over the alias of a whole domain", async () => {
    await alias("@y.example", "a@x.example");
    expectLoop(
      await tryAlias("a@x.example", ["anything@y.example"]),
      ...["a@x.example", "anything@y.example", "a@x.example"],
    );
    await alias("own@y.example", "z@e.example");
    await alias("a@x.example", "own@y.example");
  });

  it("409 for two domains that fall to each other", async () => {
    await alias("@x.example", "a@y.example");
    expectLoop(await tryAlias("@y.example", ["b@x.example"]), "@y.example", "b@x.example", "a@y.example", "@y.example");
  });

  it("409 for deleting the alias that keeps a name from falling into a loop", async () => {
    await alias("@x.example", "a@y.example");
    const id = await alias("b@x.example", "z@e.example");
    await alias("a@y.example", "b@x.example");
    expectLoop(await call("DELETE", `/${id}`), "@x.example", "a@y.example", "b@x.example", "@x.example");
    expect((await call("GET", `/${id}`)).status).toBe(200);
  });

  it("200 for chains that meet again without leading back", async () => {
    await alias("all@x.example", "left@x.example", "right@x.example");
    await alias("left@x.example", "end@y.example");
    await alias("right@x.example", "end@y.example");
    await alias("end@y.example", "z@e.example");
  });

  it("409 for what hangs together too far, or with too many, to be followed in time", async () => {
    const { id: domainId } = await gateway.db.domain.findUniqueOrThrow({ where: { name: "x.example" } });
    const names = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}@x.example`);
    const chain = names(60, "chain").map((source, n) => ({
      domainId,
      source,
      destinations: [`chain${n + 1}@x.example`],
    }));
    const lists = names(100, "list").map((source, n) => ({
      domainId,
      source,
      destinations: names(100, `${n}-member`),
    }));
    await gateway.db.alias.createMany({ data: [...chain, ...lists] });
    for (const destinations of [["chain0@x.example"], names(100, "list")]) {
      const answer = await tryAlias("a@x.example", destinations);
      expect(expectError(answer, 409, "conflict").message).toMatch(/too many/i);
    }
    await alias("a@x.example", "chain20@x.example", ...names(50, "list"));
  });

  it("409 for one of two changes at the same time that make a loop together, in two processes", async () => {
    for (let round = 1; round <= 5; round += 1) {
      await gateway.db.alias.deleteMany();
      const answers = await Promise.all([
        tryAlias("a@x.example", ["b@y.example"]),
        tryAlias("b@y.example", ["a@x.example"], other),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    }
  });
});
