import { setTimeout as sleep } from "node:timers/promises";

import pLimit from "p-limit";

import { Refused } from "../../exoscale/errors.ts";

/** Result of a turn that cannot be taken yet. */
export class Blocked {
  readonly reason: string;
  /** The turn gives up by itself in time; the queue's timeout does not apply. */
  readonly hasDeadline: boolean;
  constructor(reason: string, hasDeadline = false) {
    this.reason = reason;
    this.hasDeadline = hasDeadline;
  }
}

/** Result of a turn whose rest runs while other nodes take theirs. */
export class Background<T> {
  readonly rest: () => Promise<T>;
  constructor(rest: () => Promise<T>) {
    this.rest = rest;
  }
}

export interface QueueOptions {
  /** How many nodes may be changed at the same time. */
  readonly parallel: number;
  /** Milliseconds that a node's turn may be blocked, time spent on others not counted. */
  readonly timeout: number;
  /** Milliseconds until a blocked turn is tried again. */
  readonly pause: number;
}

/**
 * Changes nodes a few at a time. After one has failed, those that wait fail without being touched. A blocked turn is given
 * up and tried again later, so that a node whose repair unblocks it comes first.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #limit;
  #inBackground = 0;
  /** Nodes that have had no turn yet. */
  readonly #unseen = new Set<object>();
  /** The first node whose update failed. */
  #failed: string | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#limit = pLimit(options.parallel);
  }

  /** Nodes whose turn is over and whose rest is not. */
  get inBackground(): number {
    return this.#inBackground;
  }

  /** Nodes that wait for their first turn. */
  get unseen(): number {
    return this.#unseen.size;
  }

  /** Also to be called by a turn that took a while, before it touches the node. @throws Refused once another has failed */
  assertNoneFailed(node: string): void {
    if (this.#failed === undefined) return;
    throw new Refused(`${node} was not touched, because the update of ${this.#failed} before it failed.`);
  }

  /** @param node Its name. @throws Refused, or what the turn throws. */
  async run<T>(node: string, turn: () => Promise<T | Blocked | Background<T>>): Promise<T> {
    const { timeout, pause } = this.#options;
    const me = {};
    this.#unseen.add(me);
    for (let blocked = 0; ;) {
      const result = await this.#limit(async () => {
        this.#unseen.delete(me);
        this.assertNoneFailed(node);
        const start = performance.now();
        const result = await this.#watched(node, turn);
        if (!(result instanceof Blocked)) return result;
        // A rest that runs in the background may unblock it.
        if (this.#inBackground === 0 && !result.hasDeadline) blocked += performance.now() - start + pause;
        if (blocked <= timeout) return result;
        return this.#watched(node, async () => {
          throw new Refused(
            `${node} was not touched: waited ${Math.round(blocked / 1000)} s for the others: ${result.reason}\n` +
              "What is broken is repaired in its own turn, unless `--target`, or `--parallel` with fewer than there are nodes, leave it none. " +
              "Then repair it first: bin/pulumi up --refresh --target '**:Boot::NAME'.",
          );
        });
      });
      if (result instanceof Background) {
        this.#inBackground++;
        return this.#watched(node, result.rest).finally(() => this.#inBackground--);
      }
      if (!(result instanceof Blocked)) return result;
      await sleep(pause);
    }
  }

  async #watched<T>(node: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#failed ??= node;
      throw error;
    }
  }
}

const queues = new Map<string, Queue>();

/** The queue of that name, one per process and so one per run of Pulumi. */
export function queue(group: string, options: QueueOptions): Queue {
  let found = queues.get(group);
  if (!found) queues.set(group, (found = new Queue(options)));
  return found;
}
