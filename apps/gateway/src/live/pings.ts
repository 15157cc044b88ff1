import { WebSocket } from "ws";

/** Each client is asked once in so many seconds whether it is still there, and cut when it has not answered by the next time. */
const everySeconds = 30;

export interface Pings {
  add(webSocket: WebSocket): () => void;
}

/** Spread over the seconds, so that thousands of clients do not answer at once. */
export function createPings(secondMs = 1000): Pings {
  const slots = Array.from({ length: everySeconds }, () => new Map<WebSocket, { isAlive: boolean }>());
  let next = 0;
  let second = 0;
  let count = 0;
  let timer: NodeJS.Timeout | undefined;

  function askSlot(): void {
    second = (second + 1) % everySeconds;
    for (const [webSocket, state] of slots[second] ?? []) {
      if (!state.isAlive) {
        webSocket.terminate();
      } else if (webSocket.readyState === WebSocket.OPEN) {
        state.isAlive = false;
        webSocket.ping();
      }
    }
  }

  return {
    add(webSocket) {
      next = (next + 1) % everySeconds;
      const slot = slots[next];
      const state = { isAlive: true };
      slot?.set(webSocket, state);
      count += 1;
      timer ??= setInterval(askSlot, secondMs).unref();
      webSocket.on("pong", () => {
        state.isAlive = true;
      });
      return () => {
        if (!slot?.delete(webSocket)) return;
        count -= 1;
        if (count > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
