import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../../exoscale/errors.ts";
import { eventually } from "../../exoscale/eventually.ts";
import { patience } from "../../exoscale/patience.ts";
import { scriptCommand } from "./scripts.ts";
import { ssh, SshError, type SshTarget } from "./ssh.ts";

/**
 * The node's own judgement: exit code 0 when all that it runs works, and its reasons on standard output. Somebody's cordon
 * is that somebody's business.
 */
const nodeHealth = scriptCommand("health", "--cordoned");
/** The same of the whole control plane: every member of both etcds and the API. */
const clusterHealth = `${nodeHealth} --cluster`;
const bootIdCommand = "cat /proc/sys/kernel/random/boot_id";

/** Whether a node may be taken down now. */
export type Verdict =
  /** It and all others are well. */
  | { readonly kind: "go"; readonly bootId: string }
  /** It is itself the broken one, so that there is nothing to protect. `bootId` where it could be asked. */
  | { readonly kind: "repair"; readonly bootId: string | undefined }
  /** It is well, others are not. */
  | { readonly kind: "wait"; readonly bootId: string; readonly reason: string };

/** A node is broken when it says so this often in a row. */
const looks = 3;

/** Asks a node whether it may be rebooted, and through a master the whole control plane. */
export async function judge(target: SshTarget, kind: "master" | "worker"): Promise<Verdict> {
  let bootId: string | undefined;
  for (let time = 1; time <= looks; time++) {
    if (time > 1) await sleep(patience.look);
    try {
      bootId = await bootIdOf(target);
      if ((await ssh(target, nodeHealth)).code !== 0) continue;
      if (kind === "worker") return { kind: "go", bootId };
      const cluster = await ssh(target, clusterHealth, 60_000);
      if (cluster.code === 0) return { kind: "go", bootId };
      return {
        kind: "wait",
        bootId,
        reason: lastLines(cluster.output) || `\`${clusterHealth}\` ended with ${cluster.code}`,
      };
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
    }
  }
  return { kind: "repair", bootId };
}

/**
 * Has a node reboot or power off by itself: it drains itself before, for as long as it may, while nobody knows how long
 * the API waits for a guest until it cuts its power.
 */
export async function goDown(target: SshTarget, verb: "reboot" | "poweroff", bootId: string): Promise<void> {
  // Nor is it to go down twice.
  const command = `test "$(${bootIdCommand})" != ${bootId} || sudo systemctl ${verb}`;
  for (let time = 1; time <= looks; time++) {
    try {
      await ssh(target, command);
      return;
    } catch (error) {
      // One that is on its way down does not answer either.
      if (!(error instanceof SshError)) throw error;
      await sleep(patience.look);
    }
  }
}

/** The id of the boot a node is in. @throws SshError */
export async function bootIdOf(target: SshTarget): Promise<string> {
  const { code, output } = await ssh(target, bootIdCommand);
  if (code !== 0 || !output)
    throw new SshError(`SSH to ${target.host}: \`${bootIdCommand}\` ended with ${code}: ${output}`);
  return output;
}

/**
 * Waits until a node runs another boot than `before` (any, when that is not known) and is well.
 *
 * @param name For the message. @param limit Milliseconds.
 * @throws Error with the last lines of what the node said.
 */
export async function waitUntilWell(
  name: string,
  target: SshTarget,
  before: string | undefined,
  limit = patience.back,
): Promise<void> {
  let last = "it was not asked yet";
  const well = await eventually({ limit, pause: [1_000, 5_000] }, async () => {
    try {
      if ((await bootIdOf(target)) === before) {
        last = "it has not gone down yet";
        return undefined;
      }
      const { code, output } = await ssh(target, nodeHealth);
      if (code === 0) return true;
      last = lastLines(output) || `\`${nodeHealth}\` ended with ${code}`;
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      last = messageOf(error);
    }
    return undefined;
  });
  if (!well)
    throw new Error(
      `${name} is not well ${Math.round(limit / 1000)} s after its reboot. Last:\n${last}\nLook at it with \`bin/ssh ${name} journalctl -b\`.`,
    );
}

function lastLines(text: string): string {
  return text.split("\n").slice(-15).join("\n").trim();
}
