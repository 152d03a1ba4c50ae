import pRetry from "p-retry";

/** What is waited for may still come. The message is what a user reads once the time is over. */
export class NotYet extends Error {}

export interface PollOptions {
  /** Milliseconds until giving up. */
  readonly limit: number;
  /** Milliseconds between two attempts, at first and at most. @default 300 to 5,000 */
  readonly pause?: readonly [first: number, longest: number];
}

/** Repeats an attempt while it throws `NotYet`. @throws the last `NotYet` once the limit is over, or anything else at once */
export function poll<T>(
  { limit, pause: [first, longest] = [300, 5_000] }: PollOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  return pRetry(attempt, {
    retries: Infinity,
    minTimeout: first,
    maxTimeout: longest,
    factor: 1.4,
    maxRetryTime: limit,
    shouldRetry: ({ error }) => error instanceof NotYet,
  });
}
