import { join } from "node:path";

import { askDaemon, type ZoneStatus } from "../admin-client.ts";

/** Ends the zone's daemon and removes all there is of the zone, also what a crashed daemon has left. */
export async function down(state: string): Promise<void> {
  const socket = join(state, "admin.sock");
  const running = await askDaemon<ZoneStatus>(socket, "GET", "/status");
  if (running !== undefined) {
    await askDaemon(socket, "POST", "/down");
    await ended(running.pid);
    console.log(`Zone ${running.name} is gone.`);
    return;
  }
  const { removeZone } = await import("../daemon.ts");
  const removed = await removeZone(state, (line) => console.log(line));
  console.log(removed ? `The zone on ${state} did not run; what it left is gone.` : `There is no zone on ${state}.`);
}

async function ended(pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the zone is removed, but its process ${pid} has not ended`);
}
