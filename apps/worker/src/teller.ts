import type { Logger } from "pino";

export interface Trouble {
  message: string;
  err?: Error | undefined;
}

/** Says once that something is wrong and once that it is over, instead of at every tick. */
export function createTeller(recovery: string): (logger: Logger, trouble?: Trouble) => void {
  let told: string | undefined;
  return (logger, trouble) => {
    if (trouble?.message === told) return;
    told = trouble?.message;
    if (trouble) logger.warn({ err: trouble.err }, trouble.message);
    else logger.info(recovery);
  };
}
