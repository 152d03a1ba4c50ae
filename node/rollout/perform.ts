import type { Instance } from "../../exoscale/api.ts";
import type { Client } from "../../exoscale/client.ts";
import { messageOf, OperationError, Refused } from "../../exoscale/errors.ts";
import { atRest, put, reboot, start, stop, waitFor } from "../../exoscale/instance-actions.ts";
import { goDown, isHealthyAlone, waitUntilHealthy, type Suspect } from "../remote/health.ts";
import { timeouts } from "../timeouts.ts";
import type { Restart, Step } from "./decide.ts";
import { applySpec, type MachineSpec } from "./machine-spec.ts";
import { Background, Blocked } from "./queue.ts";

/** A node's instance, and what it is to run. */
export interface Subject {
  readonly client: Client;
  readonly instance: Instance;
  readonly wanted: MachineSpec & { readonly userData: string; readonly drainTimeout: number };
  readonly node: Suspect;
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
      // Those of a quorum are healthy only after others of it are repaired as well.
      if (step.until === "recovery" && !(await isHealthyAlone(subject.node, step.bootId)))
        return new Background(() => untilHealthy(step, subject));
      return untilHealthy(step, subject);
    }
  }
}

async function restart(step: Restart, subject: Subject): Promise<void> {
  const { client, wanted, node } = subject;
  let { instance } = subject;
  if (step.by === "node") {
    await put(client, instance, { "user-data": wanted.userData });
    await goDown(node.ssh, step.how === "reboot" ? "reboot" : "poweroff", step.bootId);
    if (step.how === "reboot") return;
    // If the API does not see it power off, the API is asked to stop it.
    const limit = wanted.drainTimeout * 1_000 + timeouts.absence;
    await waitFor(client, instance.id, "to power off", ({ state }) => state === "stopped", limit).catch(() => {});
    instance = await atRest(client, instance.id);
  }
  if (step.how === "power-cycle") return powerCycle(step, { ...subject, instance });
  await put(client, instance, { "user-data": wanted.userData });
  await reboot(client, instance);
  await waitFor(client, instance.id, "to run again", ({ state }) => state === "running");
}

async function powerCycle({ rebuild, until }: Restart, { client, instance, wanted }: Subject): Promise<void> {
  if (instance.state !== "stopped") await switchOff(client, instance, until === "recovery" ? wanted.drainTimeout : 0);
  await put(client, instance, { "user-data": wanted.userData });
  await applySpec(client, instance, wanted, rebuild);
  await start(client, instance);
  await waitFor(client, instance.id, "to run", ({ state }) => state === "running");
}

/** @param drain Seconds that a guest without a kubelet may try to drain itself, on top of what an operation may take. */
async function switchOff(client: Client, instance: Instance, drain: number): Promise<void> {
  try {
    await stop(client, instance);
  } catch (error) {
    if (drain === 0 || !(error instanceof OperationError && error.hanging)) throw error;
    await waitFor(client, instance.id, "to stop", ({ state }) => state === "stopped", drain * 1_000);
  }
}

async function untilHealthy({ bootId }: Restart, { wanted, node }: Subject): Promise<void> {
  try {
    await waitUntilHealthy(node, bootId, wanted.drainTimeout * 1_000 + timeouts.recovery);
  } catch (error) {
    throw new Unhealthy(messageOf(error));
  }
}
