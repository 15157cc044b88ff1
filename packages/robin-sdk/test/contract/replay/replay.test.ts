import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createRobinClient, isRobinInputError } from "../../../src/index.ts";
import { candidateFor } from "./candidates.ts";
import { expectKept, type Outcome } from "./promises.ts";
import { readRecordings, type RecordedExchange } from "./recordings.ts";
import { createReplayServer } from "./replay-server.ts";

interface Played {
  exchange: RecordedExchange;
  method: string;
  outcome: Outcome;
}

/** Plays each exchange to the method that is about it; `others` are those that no method asks for, by name. */
async function replay(exchanges: readonly RecordedExchange[]): Promise<{ played: Played[]; others: string[] }> {
  await using server = await createReplayServer();
  const port = { url: server.url };
  // Nearly everything here is a failure, which is no reason to stop.
  const client = createRobinClient({ clientApi: port, serviceApi: port, breaker: { failureThreshold: 1_000_000 } });
  const played: Played[] = [];
  const others: string[] = [];
  for (const exchange of exchanges) {
    const candidate = exchange.isShortened ? undefined : candidateFor(exchange);
    const wasAsked = server.play(exchange);
    const outcome = candidate && (await candidate.call(client).then(toValue, toError));
    if (candidate && outcome && wasAsked()) played.push({ exchange, method: candidate.method, outcome });
    else others.push(`${exchange.name}${isRefusal(outcome) ? " (refused before it is sent)" : ""}`);
  }
  await client.close();
  return { played, others };
}

const toValue = (value: unknown): Outcome => ({ value });
const toError = (error: unknown): Outcome => ({ error });

function isRefusal(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && "error" in outcome && isRobinInputError(outcome.error);
}

const chosen = process.env.ROBIN_CONTRACT_RECORDINGS;
const beside = fileURLToPath(new URL("../../../../../../shared/recordings", import.meta.url));
const recordings = readRecordings(chosen ?? beside);

describe("the replay of recordings of a live Robin", () => {
  const made = (path: string, query: string, body: string): RecordedExchange => ({
    name: `a page for ${path}?${query}`,
    method: "GET",
    path,
    query: new URLSearchParams(query),
    headers: new Map(),
    body: Buffer.alloc(0),
    answer: { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(body) },
    isService: false,
    isShortened: false,
  });

  it("plays what a method asks for, and names what it refuses and what no method asks for", async () => {
    const user = '{"source":"config","username":"a b","exists":true}';
    const exchanges = [
      made("/users/a b/exists", "", user),
      made("/users/a/b/exists", "", user),
      made("/healthx", "", "{}"),
    ];
    const { played, others } = await replay(exchanges);
    expect(played.map(({ method, outcome }) => [method, outcome])).toEqual([
      ["users.exists", { value: JSON.parse(user) as object }],
    ]);
    expect(others).toEqual(["a page for /users/a/b/exists? (refused before it is sent)", "a page for /healthx?"]);
  });

  it("notices a broken promise", async () => {
    const { played } = await replay([made("/users", "", '{"source":"config","users":"tony"}')]);
    const [{ exchange, method, outcome } = expect.fail("it was not played")] = played;
    expect(() => {
      expectKept(method, exchange, outcome);
    }).toThrow("rejected although Robin had answered");
  });

  if (chosen !== undefined)
    it("has recordings where the environment says", () => {
      expect(recordings).not.toEqual([]);
    });
});

for (const { file, exchanges } of recordings) {
  const { played, others } = await replay(exchanges);
  describe(`recordings of a live Robin: ${file}, ${played.length} of ${exchanges.length}`, () => {
    for (const { exchange, method, outcome } of played)
      it(`${method}: ${exchange.name}`, () => {
        expectKept(method, exchange, outcome);
      });
    if (others.length > 0) it.skip(`not applicable, no method of the SDK asks so: ${others.join("; ")}`);
  });
}
