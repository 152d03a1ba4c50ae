/** Reacts to what guests do by themselves: restarts those that reboot, reports those that end. */
import { setTimeout as sleep } from "node:timers/promises";
import { labels } from "./container.ts";
import { containerOf, ofZone, type Context } from "./context.ts";
import { endedBy } from "./power.ts";
import type { Queues } from "./queues.ts";
import { ignoreMissing } from "./responses.ts";

export interface FollowerOptions {
  readonly context: () => Context;
  readonly queues: Queues;
  /** Called when a guest that ended runs again. Must not reject. */
  readonly onRestart: (id: string) => Promise<void>;
  readonly onStop: (id: string) => void;
  readonly log: (line: string) => void;
}

export class Follower {
  /** State of each instance when it was last checked; instances of an earlier daemon are missing at first. */
  readonly known = new Map<string, "running" | "off">();
  readonly #options: FollowerOptions;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Checks all instances after a time without the engine's events, also for what the engine did to machines. */
  async checkAll(): Promise<void> {
    const { context, queues } = this.#options;
    const { docker, settings } = context();
    const all = await docker.listContainers({ all: true, filters: ofZone(settings.zone) });
    const ids = all.map(({ Labels }) => Labels[labels.instance]).filter((id) => id !== undefined);
    await Promise.all(ids.map((id) => queues.add(id, () => this.check(id, true))));
  }

  /**
   * Compares an instance with its known state, and reacts to what its guest did. To be called in the instance's queue.
   *
   * @param engineWasAway true if the engine may have taken the machine down with it: then it is started again
   */
  async check(id: string, engineWasAway = false): Promise<void> {
    const { context, onStop, log } = this.#options;
    const inspected = await containerOf(context(), id)
      .inspect()
      .catch((error: unknown) => ignoreMissing(error));
    if (inspected === undefined) return void this.known.delete(id);
    const { State } = inspected;
    if (State.Running) return void this.known.set(id, "running");
    const before = this.known.get(id);
    this.known.set(id, "off");
    if (before === "off" || State.Status === "created") return;
    let how: string = endedBy(State.ExitCode);
    // The host went down: the caller of open() knows which machines are to run.
    if (how === "power cut" && before === undefined) return;
    if (how === "reboot" || (how === "power cut" && engineWasAway)) {
      log(`instance ${id}: starts again after its ${how}`);
      this.known.set(id, "running");
      const failure = await this.#startAgain(id);
      if (failure === undefined) return;
      this.known.set(id, "off");
      how = `a start that failed: ${failure}`;
    }
    log(`instance ${id}: stopped by ${how}`);
    onStop(id);
  }

  /** @returns the error if it failed for good, not if the engine went away: `checkAll` follows when that is back */
  async #startAgain(id: string): Promise<string | undefined> {
    const { context, onRestart } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        await containerOf(context(), id).start();
        break;
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === undefined) return undefined;
        if (attempt === 5) return (error as Error).message;
        await sleep(1000);
      }
    }
    await onRestart(id);
    return undefined;
  }
}
