/** What is told to every process. The value is the payload's type; it travels as JSON. */
export interface EventPayloads {
  /** Answers under these tags are no longer true. */
  "cache.invalidate": { tags: readonly string[] };
  /** This session must be looked up again at once: it has ended, or its user may do less. */
  "session.changed": { sessionId: string };
  /** All sessions and keys of this user must be looked up again at once: some have ended, or the user may do less. */
  "user.changed": { userId: number };
  /** A delta of the queue has been stored under this number. */
  "queue.delta": { seq: number };
  /** Progress of a bulk action. */
  "bulk.progress": { bulkId: string };
  /** An alert has begun or ended. */
  "alert.changed": { alertId: string };
}

export type EventName = keyof EventPayloads;

/** Short messages between all processes, at most once each and in the sender's order: what must not be lost is stored first. */
export interface Events {
  /** Reaches every process, this one included. Never rejects: a message that cannot be sent is logged and counts as lost. */
  publish<Name extends EventName>(name: Name, payload: EventPayloads[Name]): Promise<void>;
  /** Returns how to stop listening. What a listener throws is logged. */
  subscribe<Name extends EventName>(name: Name, listener: (payload: EventPayloads[Name]) => void): () => void;
  /** Called when messages may have been lost, because the connection was away: look again at what you keep. */
  onGap(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface EventsLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
