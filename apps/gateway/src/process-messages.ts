import type { MetricObjectWithValues, MetricValue } from "prom-client";

/** The metrics of one process, as prom-client's registries give and take them. */
export type ProcessMetrics = MetricObjectWithValues<MetricValue<string>>[];

export interface FirstPassword {
  username: string;
  password: string;
}

/** The gateway answers requests. What a supervisor waits for, and the primary process of its own processes. */
export interface Ready {
  ready: true;
  url: string;
  /** When this start made the first administrator with a random password. */
  admin?: FirstPassword;
}

/** From the primary to a process. */
export type Order =
  /** The gateway stops. */
  | { type: "stop" }
  /** Another process has taken this one's place; the gateway goes on. */
  | { type: "retire" }
  | { type: "metrics.collect"; id: number }
  | { type: "metrics.text"; id: number; text: string };

/** From a process to the primary. */
export type Report =
  Ready | { type: "metrics.collected"; id: number; metrics: ProcessMetrics } | { type: "metrics.wanted"; id: number };

/** The argument of the one process that migrates the database and makes the first administrator. */
export const prepareFlag = "--prepare";
