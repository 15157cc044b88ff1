import type { Logger } from "pino";
import type { Order, Ready } from "./process-messages.ts";

/** One process that serves. */
export interface Member {
  pid: number | undefined;
  ready: Promise<Ready>;
  /** Settles with how it ended, in words. */
  exited: Promise<string>;
  send(order: Order): void;
  kill(): void;
}

export interface CrewOptions {
  size: number;
  /** @param prepares whether it migrates the database and makes the first administrator. */
  fork: (prepares: boolean) => Member;
  logger: Logger;
  /** What a process gets to end by itself. */
  graceMs: number;
}

export interface Crew {
  /** Resolves when all serve. @throws StartFailure */
  start(): Promise<Ready>;
  /** Replaces one after the other; each goes only when the next one serves. */
  replaceAll(): Promise<void>;
  stop(): Promise<void>;
  /** Settles when no process can be kept alive. */
  hopeless: Promise<string>;
  /** Those that serve. */
  members(): readonly Member[];
  restarts(): number;
}

/** The first process did not come up; unless a signal ended it, it has said why. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}

/** A process that served this long was well; its end is not counted together with earlier ones. */
const wellAfterMs = 60_000;
const firstPauseMs = 500;
const pauseMsMax = 30_000;
/** Failures in a row, of every place, after which no more is tried. */
const failuresMax = 6;

/** The first restart comes at once, the others after pauses that double. */
function pauseMs(failures: number): number {
  return failures <= 1 ? 0 : Math.min(pauseMsMax, firstPauseMs * 2 ** (failures - 2));
}

interface Place {
  member?: Member;
  failures: number;
}

/** Keeps `size` processes serving. */
export function createCrew({ size, fork, logger, graceMs }: CrewOptions): Crew {
  const places: Place[] = Array.from({ length: size }, () => ({ failures: 0 }));
  const living = new Set<Member>();
  const serving = new Set<Member>();
  const { promise: hopeless, resolve: giveUp } = Promise.withResolvers<string>();
  let stopping = false;
  let restarts = 0;
  let replacing: Promise<void> = Promise.resolve();

  /** Resolves with how it ended when that came before it served. */
  async function launch(prepares: boolean): Promise<{ member: Member; failure?: string; answer?: Ready }> {
    const member = fork(prepares);
    living.add(member);
    void member.exited.then(() => {
      living.delete(member);
      serving.delete(member);
    });
    const first = await Promise.race([member.ready, member.exited]);
    if (typeof first === "string") return { member, failure: first };
    serving.add(member);
    return { member, answer: first };
  }

  /** Looks after a process that has its place; one that was replaced is nobody's concern. */
  function watch(place: Place, member: Member): void {
    const since = performance.now();
    place.member = member;
    void member.exited.then((how) => {
      if (stopping || place.member !== member) return;
      if (performance.now() - since >= wellAfterMs) place.failures = 0;
      void refill(place, how);
    });
  }

  async function refill(place: Place, how: string): Promise<void> {
    delete place.member;
    place.failures += 1;
    if (serving.size === 0 && places.every(({ failures }) => failures >= failuresMax)) {
      giveUp(how);
      return;
    }
    const waitMs = pauseMs(place.failures);
    logger.error({ how, failures: place.failures, restartInMs: waitMs }, "a process ended by itself");
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (isStopping()) return;
    restarts += 1;
    const { member, failure } = await launch(false);
    if (failure === undefined) watch(place, member);
    else if (!isStopping()) await refill(place, failure);
  }

  async function replace(place: Place, prepares: boolean): Promise<boolean> {
    const former = place.member;
    // It is being restarted anyway.
    if (stopping || !former) return true;
    const { member, failure } = await launch(prepares);
    if (failure !== undefined) {
      logger.error({ how: failure }, "the new process did not start; the others are kept as they are");
      return false;
    }
    watch(place, member);
    await end(former, "retire");
    return true;
  }

  async function end(member: Member, type: "stop" | "retire"): Promise<void> {
    serving.delete(member);
    member.send({ type });
    const cut = setTimeout(() => {
      member.kill();
    }, graceMs);
    await member.exited.finally(() => {
      clearTimeout(cut);
    });
  }

  /** In its own function, for the compiler does not know that it changes while one waits. */
  const isStopping = (): boolean => stopping;

  return {
    async start() {
      const [firstPlace, ...others] = places as [Place, ...Place[]];
      const { member, failure, answer } = await launch(true);
      if (!answer) throw new StartFailure(`The gateway did not start (${failure ?? "no answer"}).`);
      watch(firstPlace, member);
      await Promise.all(
        others.map(async (place) => {
          const next = await launch(false);
          if (next.failure === undefined) watch(place, next.member);
          else if (!isStopping()) void refill(place, next.failure);
        }),
      );
      return answer;
    },

    replaceAll() {
      // Asked for twice, it is done twice: what was deployed meanwhile counts.
      replacing = replacing.then(async () => {
        for (const [index, place] of places.entries()) if (!(await replace(place, index === 0))) return;
        if (!isStopping()) logger.info({ processes: serving.size }, "every process was replaced");
      });
      return replacing;
    },

    async stop() {
      stopping = true;
      await Promise.all([...living].map((member) => end(member, "stop")));
    },
    hopeless,
    members: () => [...serving],
    restarts: () => restarts,
  };
}
