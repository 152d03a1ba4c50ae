/** Follows the engine's events. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "./container.ts";
import { ofZone } from "./context.ts";

export interface EventHandlers {
  /** Called for each of the zone's containers that ends. */
  readonly onDeath: (instanceId: string) => void;
  /** Called whenever the stream begins, also at first: earlier events were missed. */
  readonly onResume: () => void;
  /** Called before the stream is opened again. */
  readonly revive: () => Promise<void>;
  readonly log: (line: string) => void;
}

/** Runs until `signal` aborts. While the engine is away, tries again every second. */
export async function watchEvents(
  docker: Docker,
  zone: string,
  signal: AbortSignal,
  { onDeath, onResume, revive, log }: EventHandlers,
): Promise<void> {
  const filters = { type: ["container"], event: ["die"], ...ofZone(zone) };
  let lost = false;
  while (!signal.aborted) {
    try {
      if (lost) await revive();
      const stream = (await docker.getEvents({
        filters,
        abortSignal: signal,
      } as Docker.GetEventsOptions)) as unknown as Readable;
      if (lost) log("engine: events are back");
      lost = false;
      onResume();
      for await (const line of createInterface({ input: stream })) {
        const id = (JSON.parse(line) as { Actor: { Attributes: Record<string, string> } }).Actor.Attributes[
          labels.instance
        ];
        if (id !== undefined) onDeath(id);
      }
    } catch (error) {
      if (!signal.aborted && !lost) log(`engine: no events (${(error as Error).message}); trying again every second`);
    }
    lost = true;
    await sleep(1000, undefined, { signal }).catch(() => {});
  }
}
