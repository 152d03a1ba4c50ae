import type { Instance } from "../../exoscale/api.ts";
import type { Client } from "../../exoscale/client.ts";
import { messageOf, Refused } from "../../exoscale/errors.ts";
import { atRest, put, reboot, start, stop, waitFor } from "../../exoscale/instance-actions.ts";
import { goDown, waitUntilHealthy } from "../remote/health.ts";
import type { SshTarget } from "../remote/ssh.ts";
import { timeouts } from "../timeouts.ts";
import type { Restart, Step } from "./decide.ts";
import { applySpec, type MachineSpec } from "./machine-spec.ts";
import { Background, Blocked } from "./queue.ts";

/** A node's instance, and what it is to run. */
export interface Subject {
  readonly client: Client;
  readonly instance: Instance;
  readonly wanted: MachineSpec & { readonly userData: string; readonly drainTimeout: number; readonly ssh: SshTarget };
}

/** The node was restarted, with its new user-data, and was not seen healthy. */
export class Unhealthy extends Error {}

/** Takes a step with a node. @throws Refused, Unhealthy */
export async function perform(step: Step, subject: Subject): Promise<void | Blocked | Background<void>> {
  switch (step.kind) {
    case "done":
      return;
    case "refuse":
      throw new Refused(step.reason);
    case "wait":
      return new Blocked(step.reason, step.hasDeadline);
    case "restart": {
      await restart(step, subject);
      if (step.until === "running") return;
      const recovery = () => untilHealthy(step, subject);
      // It was down before, and may become healthy only after others that are down are repaired as well.
      return step.until === "recovery" ? new Background(recovery) : recovery();
    }
  }
}

async function restart(step: Restart, subject: Subject): Promise<void> {
  const { client, wanted } = subject;
  let { instance } = subject;
  if (step.by === "node") {
    await put(client, instance, { "user-data": wanted.userData });
    await goDown(wanted.ssh, step.how === "reboot" ? "reboot" : "poweroff", step.bootId);
    if (step.how === "reboot") return;
    // If the API does not see it power off, the API is asked to stop it.
    const limit = wanted.drainTimeout * 1_000 + timeouts.absence;
    await waitFor(client, instance.id, "to power off", ({ state }) => state === "stopped", limit).catch(() => {});
    instance = await atRest(client, instance.id);
  }
  if (step.how === "power-cycle") return powerCycle(step, { client, instance, wanted });
  await put(client, instance, { "user-data": wanted.userData });
  await reboot(client, instance);
  await waitFor(client, instance.id, "to run again", ({ state }) => state === "running");
}

async function powerCycle({ rebuild }: Restart, { client, instance, wanted }: Subject): Promise<void> {
  if (instance.state !== "stopped") await stop(client, instance);
  await put(client, instance, { "user-data": wanted.userData });
  await applySpec(client, instance, wanted, rebuild);
  await start(client, instance);
  await waitFor(client, instance.id, "to run", ({ state }) => state === "running");
}

async function untilHealthy({ bootId }: Restart, { instance, wanted }: Subject): Promise<void> {
  try {
    await waitUntilHealthy(instance.name, wanted.ssh, bootId, wanted.drainTimeout * 1_000 + timeouts.recovery);
  } catch (error) {
    throw new Unhealthy(messageOf(error));
  }
}
