import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { EventRecord, OperationReason, OperationRecord } from "../records.ts";
import { chosen } from "../traits.ts";
import { failureInWordsOf } from "./error-texts.ts";
import type { Mutation, PreparedChange, Route } from "./route.ts";
import type { Schema } from "./schema.ts";
import type { Zone } from "./zone.ts";

/** A failure of an operation's task with its reason in the API's own terms (otherwise: `fault`). */
export class OperationError extends Error {
  readonly reason: OperationReason;

  constructor(reason: OperationReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** How long `close` waits for running tasks, in milliseconds. */
const CLOSE_TIMEOUT = 10_000;

/** Faults that apply to an operation instead of its answer. */
export type OperationFault = "operation-fails" | "operation-hangs" | "never-boots";

/**
 * Records operations and runs their tasks: one after the other for the same resource, in parallel otherwise. An operation
 * is on disk before it is answered; after a restart its task is looked up by its command.
 */
export class Operations {
  readonly #zone: Zone;
  readonly #mutations: ReadonlyMap<string, Mutation>;
  readonly #queues = new Map<string, Promise<void>>();
  #closed = false;

  constructor(zone: Zone, routes: readonly Route[]) {
    this.#zone = zone;
    this.#mutations = new Map(routes.flatMap((route) => ("prepare" in route ? [[route.id, route]] : [])));
  }

  /**
   * Writes the change together with its operation and its event, starts the task, and answers the operation as the API
   * shows it.
   */
  begin(
    { id: command, task, delay = () => 0 }: Mutation,
    { reference, change: write, args = {} }: PreparedChange,
    event: EventRecord,
    fault?: OperationFault,
  ): Schema<"operation"> {
    const operation: OperationRecord = {
      id: randomUUID(),
      command,
      reference,
      args,
      createdAt: new Date().toISOString(),
      state: task !== undefined || fault !== undefined ? "pending" : "success",
      stuck: fault === "operation-hangs" || undefined,
      doomed: fault === "operation-fails" || undefined,
      bootless: fault === "never-boots" || undefined,
    };
    this.#zone.state.write((change) => {
      if (!operation.doomed) write(change);
      change.put("operations", operation);
      change.put("events", event);
    });
    const { settings } = this.#zone;
    if (operation.state === "pending")
      this.#enqueue(operation, Math.max(chosen(settings.operationDelay), chosen(delay(settings))));
    return viewOperation(this.#zone, operation);
  }

  /** Runs the tasks that a crash or a restart has left pending. */
  resume(): void {
    for (const operation of this.#zone.state.operations.values()) {
      if (operation.state === "pending") this.#enqueue(operation, 0);
    }
  }

  /** Runs `task` once everything queued for the resource `id` before is done. */
  queue(id: string, task: () => Promise<void>): Promise<void> {
    const before = this.#queues.get(id) ?? Promise.resolve();
    const after = before.then(async () => {
      if (!this.#closed) await task();
    });
    const settled = after
      .catch((error: unknown) => this.#zone.log(`${id}: ${String(error)}`))
      .then(() => {
        if (this.#queues.get(id) === settled) this.#queues.delete(id);
      });
    this.#queues.set(id, settled);
    return after;
  }

  /**
   * Starts no more tasks and waits for the running ones, but not for a guest that takes long to shut down: that operation
   * stays pending, and the next daemon resumes it.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const late = new AbortController();
    await Promise.race([
      Promise.all(this.#queues.values()),
      sleep(CLOSE_TIMEOUT, undefined, { signal: late.signal }).catch(() => {}),
    ]);
    late.abort();
  }

  #enqueue(operation: OperationRecord, delay: number): void {
    if (operation.stuck) return;
    const due = sleep(delay);
    const overtakes = this.#mutations.get(operation.command)?.overtakes === true;
    const queue = overtakes ? operation.id : (operation.reference?.id ?? operation.id);
    // A failure is in the operation's record and in the log.
    void this.queue(queue, async () => {
      await due;
      if (!this.#closed) await this.#run(operation);
    });
  }

  async #run(operation: OperationRecord): Promise<void> {
    try {
      if (operation.doomed) throw new OperationError("fault", "the operation failed, as asked for");
      await this.#mutations.get(operation.command)?.task?.(this.#zone, operation);
      this.#finish({ ...operation, state: "success" });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const reason = error instanceof OperationError ? error.reason : "fault";
      this.#zone.log(
        `operation ${operation.id} ${operation.command} ${operation.reference?.id ?? ""} failed: ${message}`,
      );
      this.#finish({ ...operation, state: "failure", reason, message });
    }
  }

  #finish(operation: OperationRecord): void {
    this.#zone.state.write((change) => change.put("operations", operation));
  }
}

/** An operation as the API shows it. */
export const viewOperation = (
  zone: Zone,
  { id, state, reason, message, reference }: OperationRecord,
): Schema<"operation"> => ({
  id,
  state,
  reason,
  message: failureInWordsOf(zone, message),
  reference: reference && {
    id: reference.id,
    link: `/v2/${reference.type}/${reference.id}`,
    command: `get-${reference.type}`,
  },
});
