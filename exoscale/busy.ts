import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "./client.ts";
import { isBusy, isGone, messageOf } from "./errors.ts";
import type { Operation } from "./operations.ts";
import { patience } from "./patience.ts";

/**
 * Asks again while the API refuses because something else still uses the thing: instances vanish a little after
 * their deletion is done.
 */
export async function whileBusy<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const start = performance.now();
  for (let wait = 1_000; ; wait = Math.min(wait * 1.5, 10_000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() - start + wait > patience.busy) {
        throw new Error(`waited ${patience.busy / 1000} s for ${what}; still refused: ${messageOf(error)}`);
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

/** Does what may have been done already (a lost answer, another's hand): the end counts, not who got there. */
export async function ensure(isDone: () => Promise<boolean>, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (await isDone().catch(() => false)) return;
    throw error;
  }
}
