import { join } from "node:path";
import pWaitFor from "p-wait-for";

import { askDaemon, type ZoneStatus } from "../admin-client.ts";
import { findProcess } from "../services/process.ts";

/** Stops the zone's daemon and removes everything of the zone, also what a crashed daemon has left. */
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
  await pWaitFor(async () => (await findProcess(pid)) === undefined, {
    interval: 50,
    timeout: { milliseconds: 5000, message: new Error(`the zone is removed, but its process ${pid} has not ended`) },
  });
}
