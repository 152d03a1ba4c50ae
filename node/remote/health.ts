import { setTimeout as sleep } from "node:timers/promises";

import pRetry from "p-retry";

import { messageOf } from "../../exoscale/errors.ts";
import { NotYet, poll } from "../../exoscale/poll.ts";
import { timeouts } from "../timeouts.ts";
import { addressTowards } from "./local-address.ts";
import { readyCommand, scriptCommand } from "./scripts.ts";
import { ssh, SshError, type SshTarget } from "./ssh.ts";

/**
 * The node's own verdict: exit code 0 if all that it runs is healthy, else the reasons on standard output. Ignores cordons
 * set by an operator.
 */
const nodeHealth = scriptCommand("health", "--cordoned");
/** The same of the whole control plane: every member of both etcds and every apiserver. Masters only. */
const clusterHealth = `${nodeHealth} --cluster`;
const bootIdCommand = "cat /proc/sys/kernel/random/boot_id";

/** Whether a node may be taken down now. A node is broken only if it says so, or the Kubernetes API does. */
export type Verdict =
  /** It and all others are healthy. */
  | { readonly kind: "go"; readonly bootId: string }
  /** It is itself unhealthy, so taking it down costs nothing. `bootId` if it could be asked. */
  | { readonly kind: "repair"; readonly bootId: string | undefined }
  /** It is healthy, others are not. */
  | { readonly kind: "wait"; readonly bootId: string; readonly reason: string }
  /** It does not answer, and nothing says that it is broken: perhaps it is only this machine that cannot reach it. */
  | { readonly kind: "unreachable"; readonly reason: string };

/** Attempts: a node is unhealthy if it says so this often in a row. */
const attempts = 3;

/** A node that is to be judged. */
export interface Suspect {
  /** Its Node object's. */
  readonly name: string;
  readonly kind: "master" | "worker";
  readonly ssh: SshTarget;
  /** An address that leads to a healthy master, which asks the Kubernetes API about a node that does not answer. */
  readonly masters: SshTarget;
}

/** Asks a node whether it may be taken down; a master is asked about the whole control plane. */
export async function judge(suspect: Suspect): Promise<Verdict> {
  const { kind, ssh: target } = suspect;
  const start = performance.now();
  let bootId: string | undefined;
  for (let unhealthy = 0; ; await sleep(timeouts.recheck)) {
    try {
      bootId = await bootIdOf(target);
      if ((await ssh(target, nodeHealth)).code === 0) {
        return kind === "worker" ? { kind: "go", bootId } : await judgeControlPlane(target, bootId);
      }
      if (++unhealthy === attempts) return { kind: "repair", bootId };
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      unhealthy = 0;
      const ready = await readyStatus(suspect);
      if (ready === "False" || ready === "Unknown") return { kind: "repair", bootId };
      if (performance.now() - start > timeouts.evidence) {
        return { kind: "unreachable", reason: await unreachableReason(suspect, error, ready) };
      }
    }
  }
}

async function judgeControlPlane(target: SshTarget, bootId: string): Promise<Verdict> {
  const { code, output } = await ssh(target, clusterHealth, 60_000);
  if (code === 0) return { kind: "go", bootId };
  return { kind: "wait", bootId, reason: lastLines(output) || `\`${clusterHealth}\` ended with ${code}` };
}

/** The node's `Ready` condition, `True`, `False` or `Unknown`; undefined if no master could tell. */
async function readyStatus({ name, masters }: Suspect): Promise<string | undefined> {
  try {
    const { output } = await ssh(masters, readyCommand(name));
    return /^(True|False|Unknown)$/m.exec(output)?.[1];
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return undefined;
  }
}

async function unreachableReason({ name, ssh }: Suspect, error: SshError, ready?: string): Promise<string> {
  const address = await addressTowards(ssh.host);
  return (
    `it does not answer (${error.message}), and nothing says that it is broken: ` +
    `${ready === "True" ? "the Kubernetes API says that it is Ready" : "no master could be asked about it"}. ` +
    `Does \`sshSources\` admit this machine? Nodes see it as ${address ?? "an address that is not known here"}, or as its NAT's public address. ` +
    `If ${name} hangs, stop its instance (\`exo compute instance stop ${name}\`) and run the same command again, which starts it.`
  );
}

/**
 * Has a node reboot or power off by itself, so that it drains itself for as long as it may: how long the API waits for a
 * guest before it cuts the power is not documented. Does nothing in another boot than `bootId`. A node that does not
 * answer may be on its way down.
 */
export async function goDown(target: SshTarget, verb: "reboot" | "poweroff", bootId: string): Promise<void> {
  const command = `test "$(${bootIdCommand})" != ${bootId} || sudo systemctl ${verb}`;
  const isSshError = (error: unknown) => error instanceof SshError;
  try {
    await pRetry(() => ssh(target, command), {
      retries: attempts - 1,
      minTimeout: timeouts.recheck,
      factor: 1,
      shouldRetry: ({ error }) => isSshError(error),
    });
  } catch (error) {
    if (!isSshError(error)) throw error;
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
 * Waits until a node is healthy in another boot than `before`, or in any if that is undefined.
 *
 * @param name For the message. @param limit Milliseconds.
 * @throws Error with the last lines of what the node said
 */
export async function waitUntilHealthy(
  name: string,
  target: SshTarget,
  before: string | undefined,
  limit = timeouts.recovery,
): Promise<void> {
  await poll({ limit, pause: [1_000, 5_000] }, async () => {
    const reason = await unhealthyReason(target, before);
    if (reason === undefined) return;
    throw new NotYet(
      `${name} is unhealthy ${Math.round(limit / 1000)} s after its reboot. Last:\n${reason}\nLook at it with \`bin/ssh ${name} journalctl -b\`.`,
    );
  });
}

/** @returns undefined if the node is healthy */
async function unhealthyReason(target: SshTarget, before: string | undefined): Promise<string | undefined> {
  try {
    if ((await bootIdOf(target)) === before) return "it has not gone down yet";
    const { code, output } = await ssh(target, nodeHealth);
    return code === 0 ? undefined : lastLines(output) || `\`${nodeHealth}\` ended with ${code}`;
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return messageOf(error);
  }
}

function lastLines(text: string): string {
  return text.split("\n").slice(-15).join("\n").trim();
}
