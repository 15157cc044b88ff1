/** Undoes what was started, the newest first, once, also when something fails or Ctrl-C comes. */
export interface Scope {
  defer(undo: () => unknown): void;
  end(): Promise<void>;
}

export function createScope(): Scope {
  const undos: (() => unknown)[] = [];
  let ending: Promise<void> | undefined;
  const endAll = async () => {
    for (let undo = undos.pop(); undo; undo = undos.pop()) {
      try {
        await undo();
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
      }
    }
  };
  return {
    defer: (undo) => {
      undos.push(undo);
    },
    end: () => (ending ??= endAll().finally(() => (ending = undefined))),
  };
}
