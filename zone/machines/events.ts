/** The engine's events, for as long as the zone runs. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "./container.ts";

/**
 * Calls `died` for each of the zone's containers that ends, and `resumed` each time the stream has (again) begun, since
 * what happened before that was not heard. Runs until `signal` aborts; an engine that is away is asked every second, after
 * `revive`.
 */
export async function watch(
  docker: Docker,
  zone: string,
  signal: AbortSignal,
  on: { died(instanceId: string): void; resumed(): void; revive(): Promise<void>; log(line: string): void },
): Promise<void> {
  const filters = { type: ["container"], event: ["die"], label: [`${labels.zone}=${zone}`] };
  let lost = false;
  while (!signal.aborted) {
    try {
      if (lost) await on.revive();
      const stream = (await docker.getEvents({
        filters,
        abortSignal: signal,
      } as Docker.GetEventsOptions)) as unknown as Readable;
      if (lost) on.log("engine: events are back");
      lost = false;
      on.resumed();
      for await (const line of createInterface({ input: stream })) {
        const id = (JSON.parse(line) as { Actor: { Attributes: Record<string, string> } }).Actor.Attributes[
          labels.instance
        ];
        if (id !== undefined) on.died(id);
      }
    } catch (error) {
      if (!signal.aborted && !lost)
        on.log(`engine: no events (${(error as Error).message}); trying again every second`);
    }
    lost = true;
    await sleep(1000, undefined, { signal }).catch(() => {});
  }
}
