import { setTimeout as sleep } from "node:timers/promises";

import pLimit from "p-limit";

import { messageOf, Refused } from "../../exoscale/errors.ts";

/** A turn that cannot be taken yet: the reason. */
export class NotYet {
  readonly reason: string;
  /** Whoever takes such turns gives up himself: the queue's patience is not for them. */
  readonly isBounded: boolean;
  constructor(reason: string, isBounded = false) {
    this.reason = reason;
    this.isBounded = isBounded;
  }
}

/** A turn whose end the others need not wait for. */
export class Meanwhile<T> {
  readonly rest: () => Promise<T>;
  constructor(rest: () => Promise<T>) {
    this.rest = rest;
  }
}

export interface QueueOptions {
  /** Nodes that may be worked on at the same time. */
  readonly parallel: number;
  /** Milliseconds that a node waits for its own turn to be possible, time spent on others not counted. */
  readonly patience: number;
  /** Milliseconds until a turn that was not possible is tried again. */
  readonly pause: number;
}

/**
 * Nodes that are changed a few at a time: after one has failed, those that wait fail without being touched. A turn
 * that is not possible yet is given back, so that a node whose repair makes it possible comes first.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #limit;
  #meanwhile = 0;
  #failure: string | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#limit = pLimit(options.parallel);
  }

  /** Nodes whose turn is over and that are not back yet. */
  get meanwhile(): number {
    return this.#meanwhile;
  }

  /** @param node Its name. @throws Refused, or what the turn throws. */
  async run<T>(node: string, turn: () => Promise<T | NotYet | Meanwhile<T>>): Promise<T> {
    const { patience, pause } = this.#options;
    for (let waited = 0; ;) {
      const result = await this.#limit(async () => {
        if (this.#failure) throw new Refused(`${node} was not touched, because ${this.#failure}`);
        const start = performance.now();
        const result = await this.#watched(node, turn);
        if (!(result instanceof NotYet)) return result;
        // While others are on their way back there is something to wait for.
        if (this.#meanwhile === 0 && !result.isBounded) waited += performance.now() - start + pause;
        if (waited <= patience) return result;
        return this.#watched(node, async () => {
          throw new Refused(
            `${node} was not touched: waited ${Math.round(waited / 1000)} s for the others: ${result.reason}`,
          );
        });
      });
      if (result instanceof Meanwhile) {
        this.#meanwhile++;
        return this.#watched(node, result.rest).finally(() => this.#meanwhile--);
      }
      if (!(result instanceof NotYet)) return result;
      await sleep(pause);
    }
  }

  async #watched<T>(node: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#failure ??= `the update of ${node} before it failed: ${messageOf(error).split("\n")[0]}`;
      throw error;
    }
  }
}

const queues = new Map<string, Queue>();

/** The queue of that name, one per process, and with it per run of Pulumi. */
export function queue(group: string, options: QueueOptions): Queue {
  let found = queues.get(group);
  if (!found) queues.set(group, (found = new Queue(options)));
  return found;
}
