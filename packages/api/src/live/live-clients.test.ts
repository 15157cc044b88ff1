import { createLocalEvents } from "@robin/events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../errors.ts";
import type { Principal } from "../features/auth/authenticator.ts";
import { createLiveClients, type LiveClients } from "./live-clients.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const events = createLocalEvents(silent);
const principalOf = (userId: number): Principal => ({
  userId,
  username: `user-${userId}`,
  roles: ["ROLE_USER"],
  permissions: ["VIEW_QUEUE"],
  sessionId: `session-${userId}`,
});

let clients: LiveClients;
let forgotten: string[];
let lookUps: number[];
let answers: Map<number, () => Promise<Principal>>;
let ended: AppError[];

beforeEach(() => {
  vi.useFakeTimers();
  [forgotten, lookUps, ended] = [[], [], []];
  answers = new Map();
  const authenticator = {
    authenticate: (credential: string) => {
      const userId = Number(credential);
      lookUps.push(userId);
      return answers.get(userId)?.() ?? Promise.resolve(principalOf(userId));
    },
    recognises: () => false,
    forget: (sessionId: string) => void forgotten.push(sessionId),
  };
  const parts = { events, logger: silent, authenticator: authenticator as never };
  clients = createLiveClients({ clientsMax: 200, clientsPerUserMax: 2 }, parts);
});
afterEach(() => {
  clients.close();
  vi.useRealTimers();
});

function admit(userId: number): () => void {
  const end = (reason: AppError) => ended.push(reason);
  return clients.admit({
    principal: principalOf(userId),
    permission: "VIEW_QUEUE",
    credential: String(userId),
    end,
  });
}

describe("who watches", () => {
  it("is looked up once a second, and of many sessions fifty at a time, each in its turn", async () => {
    for (let userId = 1; userId <= 120; userId += 1) admit(userId);
    for (const expected of [50, 100, 150]) {
      await vi.advanceTimersByTimeAsync(1000);
      expect(lookUps).toHaveLength(expected);
    }
    expect(new Set(lookUps.slice(0, 120)).size).toBe(120);
    expect(ended).toEqual([]);
  });

  it("is looked up at once when the user changes, past what is remembered of the session", async () => {
    answers.set(1, () => Promise.resolve({ ...principalOf(1), permissions: [] }));
    admit(1);
    admit(1);
    admit(2);
    await events.publish("user.changed", { userId: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect({ lookUps, forgotten }).toEqual({ lookUps: [1], forgotten: ["session-1"] });
    expect(ended.map(({ code }) => code)).toEqual(["forbidden", "forbidden"]);
    expect(clients.size).toBe(1);
  });

  it("stays while nobody knows whether the session has ended, and goes once it is known to have", async () => {
    let answer = new AppError("unavailable", "The database is away.");
    answers.set(1, () => Promise.reject(answer));
    admit(1);
    await events.publish("session.changed", { sessionId: "session-1" });
    await vi.advanceTimersByTimeAsync(0);
    expect(clients.size).toBe(1);
    answer = new AppError("unauthenticated", "The session has ended.");
    await vi.advanceTimersByTimeAsync(1000);
    expect(ended).toEqual([answer]);
    expect(clients.size).toBe(0);
  });

  it("makes room by leaving, once however often it leaves", () => {
    const leave = admit(1);
    admit(1);
    expect(() => admit(1)).toThrow(expect.objectContaining({ code: "rate_limited" }) as Error);
    leave();
    leave();
    admit(1);
    expect(() => admit(1)).toThrow(expect.objectContaining({ code: "rate_limited" }) as Error);
    expect(clients.size).toBe(2);
  });
});
