import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "./client.ts";
import { isBusy as saysBusy, isGone, messageOf } from "./errors.ts";
import { operationLimit, type Operation } from "./operations.ts";

export interface BusyOptions {
  /** Milliseconds. @default as long as the operation that is in the way may take */
  readonly limit?: number;
  /** Which refusals are for now only. @default all that say that something is in use or worked on */
  isBusy?(error: unknown): boolean;
}

/**
 * Asks again while the API refuses because something else still uses the thing: instances vanish a little after
 * their deletion is done.
 */
export async function whileBusy<T>(what: string, attempt: () => Promise<T>, options: BusyOptions = {}): Promise<T> {
  const { limit = operationLimit(), isBusy = saysBusy } = options;
  const start = performance.now();
  for (let wait = 1_000; ; wait = Math.min(wait * 1.5, 10_000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() - start + wait > limit) {
        throw new Error(`waited ${limit / 1000} s for ${what}; still refused: ${messageOf(error)}`);
      }
      await sleep(wait);
    }
  }
}

/** Deletes a thing, waits until it is free and gone, and takes its being gone for success. */
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
 * Does what may have been done already (a lost answer, another's hand): the end counts, not who got there.
 *
 * @param isDone Is told why the act failed.
 */
export async function ensure(isDone: (error: unknown) => Promise<boolean>, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (await isDone(error).catch(() => false)) return;
    throw error;
  }
}
