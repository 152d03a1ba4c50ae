import pRetry from "p-retry";

import type { Client } from "./client.ts";
import { isBusy as saysBusy, isGone, messageOf } from "./errors.ts";
import { operationLimit, type Operation } from "./operations.ts";

export interface BusyOptions {
  /** Milliseconds. @default the limit of one operation, since one may be in the way */
  readonly limit?: number;
  /** Which refusals are temporary. @default those that say that something is in use or worked on */
  readonly isBusy?: (error: unknown) => boolean;
}

/**
 * Tries again while the API refuses because something else still uses the resource: instances vanish a little after
 * their deletion has succeeded.
 *
 * @throws Error with the last refusal once the limit is over, or anything else at once
 */
export async function whileBusy<T>(what: string, attempt: () => Promise<T>, options: BusyOptions = {}): Promise<T> {
  const { limit = operationLimit(), isBusy = saysBusy } = options;
  try {
    return await pRetry(attempt, {
      retries: Infinity,
      minTimeout: 1_000,
      maxTimeout: 10_000,
      factor: 1.5,
      maxRetryTime: limit,
      shouldRetry: ({ error }) => isBusy(error),
    });
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new Error(`waited ${limit / 1000} s for ${what}; still refused: ${messageOf(error)}`);
  }
}

/** Deletes a resource and waits until it is gone, also once it is no longer in use. It may have been gone before. */
export async function remove(client: Client, path: string, what: string): Promise<void> {
  try {
    await whileBusy(`${what} to be free for its deletion`, async () => {
      await client.wait(await client.delete<Operation>(path), { what: `${what} to be deleted` });
    });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/**
 * Does what may have been done already, by a call whose answer was lost or by another: only the result counts.
 *
 * @param isDone Gets the error of the attempt.
 */
export async function ensure(isDone: (error: unknown) => Promise<boolean>, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (await isDone(error).catch(() => false)) return;
    throw error;
  }
}
