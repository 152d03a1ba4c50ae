/** What guests do by themselves: their reboots are carried out, their ends are told. */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "./container.ts";
import { endedBy, ignoreMissing } from "./power.ts";
import type { Queues } from "./queues.ts";

export interface Follower {
  /** What each instance was when it was last looked at; none of those that the engine had before open(). */
  readonly known: Map<string, "running" | "off">;
  /** Compares one instance with what is known of it, and acts on what its guest did. To be called in its queue. */
  look(id: string): Promise<void>;
  /** The same for all, after a time in which nothing was heard of the engine: also what it did to the machines itself. */
  lookAtAll(): Promise<void>;
}

export interface Followed {
  docker(): Docker;
  containerOf(id: string): Docker.Container;
  /** The zone's label, as a filter. */
  readonly mine: { readonly label: string[] };
  readonly queues: Queues;
  /** A guest that ended runs again. Does not reject. */
  restarted(id: string): Promise<void>;
  stopped(id: string): void;
  readonly log: (line: string) => void;
}

export function createFollower({ docker, containerOf, mine, queues, restarted, stopped, log }: Followed): Follower {
  const known = new Map<string, "running" | "off">();

  async function lookAtAll(): Promise<void> {
    const all = await docker().listContainers({ all: true, filters: mine });
    const ids = all.map(({ Labels }) => Labels[labels.instance]).filter((id) => id !== undefined);
    await Promise.all(ids.map((id) => queues.of(id, () => look(id, true))));
  }

  /** @param engineWasAway an engine that went down may have taken machines along: they run again as soon as it does */
  async function look(id: string, engineWasAway = false): Promise<void> {
    const { State } = await containerOf(id)
      .inspect()
      .catch((error: unknown) => (ignoreMissing(error), { State: undefined }));
    if (State === undefined) return void known.delete(id);
    if (State.Running) return void known.set(id, "running");
    const before = known.get(id);
    known.set(id, "off");
    if (before === "off" || State.Status === "created") return;
    let how: string = endedBy(State.ExitCode);
    // The host went down: whoever opened the machines knows which of them are to run.
    if (how === "power cut" && before === undefined) return;
    if (how === "reboot" || (how === "power cut" && engineWasAway)) {
      log(`instance ${id}: starts again after its ${how}`);
      known.set(id, "running");
      const failure = await startAgain(id);
      if (failure === undefined) return;
      known.set(id, "off");
      how = `a start that failed: ${failure}`;
    }
    log(`instance ${id}: stopped by ${how}`);
    stopped(id);
  }

  /** @returns the reason when it failed for good; an engine that is going down fails too, but looks at all when it is back. */
  async function startAgain(id: string): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        await containerOf(id).start();
        break;
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === undefined) return undefined;
        if (attempt === 5) return (error as Error).message;
        await sleep(1000);
      }
    }
    await restarted(id);
    return undefined;
  }

  return { known, look: (id) => look(id), lookAtAll };
}
