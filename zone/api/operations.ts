import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { EventRecord, OperationReason, OperationRecord } from "../records.ts";
import type { Plan, Work, Zone } from "./zone.ts";

/** A failure of an operation's work with its reason in the API's own terms (otherwise: `fault`). */
export class OperationError extends Error {
  readonly reason: OperationReason;

  constructor(reason: OperationReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Milliseconds that an ending daemon waits for work under way. */
const CLOSE_LIMIT = 10_000;

/** Faults of an operation, asked for in tests. */
export type OperationFault = "operation-fails" | "operation-hangs" | "never-boots";

/** Commands whose work waits for nothing begun before: the machines put an end to that, like to a shutdown that hangs. */
const OVERTAKING: ReadonlySet<string> = new Set(["delete-instance"]);

/**
 * Records operations and does their work: one after the other for the same reference, in parallel otherwise. An
 * operation is on disk before it is answered, and its work is found again by its command after a restart.
 */
export class Operations {
  readonly #zone: Zone;
  readonly #work: Readonly<Record<string, Work>>;
  readonly #queues = new Map<string, Promise<void>>();
  #closed = false;

  constructor(zone: Zone, work: Readonly<Record<string, Work>>) {
    this.#zone = zone;
    this.#work = work;
  }

  /**
   * Writes the plan's change, its operation and the event of both, starts the work, and answers the operation as the
   * API shows it.
   */
  begin(plan: Plan, event: EventRecord, fault?: OperationFault): object {
    const hasWork = this.#work[plan.command] !== undefined;
    const operation: OperationRecord = {
      id: randomUUID(),
      command: plan.command,
      reference: plan.reference,
      args: plan.args,
      createdAt: new Date().toISOString(),
      state: hasWork || fault !== undefined ? "pending" : "success",
      stuck: fault === "operation-hangs" || undefined,
      doomed: fault === "operation-fails" || undefined,
      bootless: fault === "never-boots" || undefined,
    };
    this.#zone.state.write((change) => {
      if (!operation.doomed) plan.change(change);
      change.put("operations", operation);
      change.put("events", event);
    });
    if (operation.state === "pending") this.#enqueue(operation, this.#zone.settings.operationDelay);
    return view(operation);
  }

  /** Takes up what a crash or a restart has left pending. */
  resume(): void {
    for (const operation of this.#zone.state.operations.values()) {
      if (operation.state === "pending") this.#enqueue(operation, 0);
    }
  }

  /** Runs `task` when everything begun for `id` before is done. */
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
   * Starts no more work and waits for what is under way, but not for a guest that takes its time to shut down: that
   * operation stays pending, and the next daemon takes it up.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const late = new AbortController();
    await Promise.race([
      Promise.all(this.#queues.values()),
      sleep(CLOSE_LIMIT, undefined, { signal: late.signal }).catch(() => {}),
    ]);
    late.abort();
  }

  #enqueue(operation: OperationRecord, delay: number): void {
    if (operation.stuck) return;
    const due = sleep(delay);
    const line = OVERTAKING.has(operation.command) ? operation.id : (operation.reference?.id ?? operation.id);
    void this.queue(line, async () => {
      await due;
      if (!this.#closed) await this.#run(operation);
    });
  }

  async #run(operation: OperationRecord): Promise<void> {
    try {
      if (operation.doomed) throw new OperationError("fault", "the operation failed, as asked for");
      await this.#work[operation.command]?.(this.#zone, operation);
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
export function view({ id, state, reason, message, reference }: OperationRecord): object {
  return {
    id,
    state,
    reason,
    message,
    reference: reference && {
      id: reference.id,
      link: `/v2/${reference.type}/${reference.id}`,
      command: `get-${reference.type}`,
    },
  };
}
