import { setTimeout as sleep } from "node:timers/promises";

import { OperationError } from "./errors.ts";
import { timeouts } from "./timeouts.ts";

/** What the API answers to a mutation (schema `operation`). */
export interface Operation {
  readonly id: string;
  readonly state: "pending" | "success" | "failure" | "timeout";
  readonly reason?: string;
  readonly message?: string;
  /** The resource, known while the operation is still pending. Missing for SSH keys. */
  readonly reference?: { readonly id?: string; readonly command?: string };
}

export interface WaitOptions {
  /** What is waited for, as in "waited 600 s for ...": `instance web-1 to start`. */
  readonly what: string;
  /** Milliseconds. @default operationLimit() */
  readonly limit?: number;
}

/** How long one operation may take, in milliseconds: EXOSCALE_OPERATION_TIMEOUT (in seconds) if it is set, else `usual`. */
export function operationLimit(usual = timeouts.operation): number {
  const seconds = Number(process.env.EXOSCALE_OPERATION_TIMEOUT);
  return seconds > 0 ? seconds * 1_000 : usual;
}

/**
 * Waits until an operation has succeeded.
 *
 * @throws OperationError with the API's reason if it fails, or once the limit is over.
 * @throws ApiError if its state cannot be read.
 */
export async function settled(
  client: { get<T>(path: string): Promise<T> },
  operation: Operation,
  { what, limit = operationLimit() }: WaitOptions,
): Promise<void> {
  const start = performance.now();
  let current = operation;
  for (let poll = 0; current.state === "pending"; poll++) {
    const elapsed = performance.now() - start;
    if (elapsed >= limit) {
      throw new OperationError(
        `waited ${Math.round(limit / 1000)} s for ${what}; operation ${operation.id} is still pending`,
        { hanging: true },
      );
    }
    await sleep(Math.min(interval(poll, elapsed), limit - elapsed));
    current = await client.get<Operation>(`/operation/${operation.id}`);
  }
  if (current.state === "success") return;
  const words = [current.reason, current.message].filter((word) => word).join(": ") || "no reason given";
  throw new OperationError(`${what}: the operation ended in ${current.state}: ${words} (operation ${operation.id})`, {
    hanging: false,
    reason: current.reason,
  });
}

/** Milliseconds before the next poll: from 0.2 s up to 3 s, and after half a minute slowly up to 30 s. */
export function interval(poll: number, elapsed: number): number {
  const quick = Math.min(200 * 1.2 ** poll, 3_000);
  return elapsed < 30_000 ? quick : Math.min(3_000 + (elapsed - 30_000) / 20, 30_000);
}
