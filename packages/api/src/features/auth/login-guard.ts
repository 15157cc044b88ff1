import type { AppError } from "../../errors.ts";
import type { Turn } from "./fair-line.ts";

export interface LoginAttempt {
  /** As it is stored: in small letters. */
  username: string;
  ipAddress: string;
  signal: AbortSignal | undefined;
}

/** Leave to check a password. Whoever has it says how the check went. */
export interface LoginPermit {
  /** For the line of those whose passwords are checked. */
  turn: Turn;
  failed(): Promise<void>;
  succeeded(): Promise<void>;
}

export interface LoginRefusal {
  refusal: AppError;
  /** Whether it is the first of its kind for a while, so worth a row in the audit. */
  isNews: boolean;
}

/** Stands between callers and the check of a password: limits, and delays that grow with failures. */
export interface LoginGuard {
  /** May take seconds to resolve, where that is to slow guessing down. Whether the account exists makes no difference. */
  admit(attempt: LoginAttempt): Promise<LoginPermit | LoginRefusal>;
}

/** Lets everybody try as often as they like. */
export const openLoginGuard: LoginGuard = {
  admit: ({ ipAddress, signal }) =>
    Promise.resolve({
      turn: { caller: ipAddress, signal },
      failed: () => Promise.resolve(),
      succeeded: () => Promise.resolve(),
    }),
};
