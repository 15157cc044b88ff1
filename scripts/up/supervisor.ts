export type Part = {
  name: string;
  exited: Promise<unknown>;
  stop(): Promise<void>;
};

export type Supervisor = {
  /** Puts a running part under supervision: its end is everybody's end. */
  add(part: Part): void;
  /** Asks for the end; only the first call counts. An error says why, none means that somebody wanted it. */
  end(reason?: Error): void;
  /** Settles with the reason when the end was asked for. */
  ended: Promise<Error | undefined>;
  isOver(): boolean;
  /** Stops every part, the one that was added last first. */
  stopAll(): Promise<void>;
};

export function createSupervisor(): Supervisor {
  const parts: Part[] = [];
  let over = false;
  const { promise: ended, resolve } = Promise.withResolvers<Error | undefined>();
  const end = (reason?: Error) => {
    over = true;
    resolve(reason);
  };
  return {
    ended,
    end,
    add(part) {
      parts.push(part);
      void part.exited.then((how) => {
        if (over) return;
        const detail = typeof how === "string" ? ` (${how})` : "";
        end(new Error(`The ${part.name} ended by itself${detail}, so everything is stopped.`));
      });
    },
    isOver: () => over,
    async stopAll() {
      over = true;
      for (const part of parts.splice(0).reverse()) await part.stop();
    },
  };
}
