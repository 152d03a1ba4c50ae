import { setTimeout as sleep } from "node:timers/promises";

import pRetry from "p-retry";

import { messageOf } from "../../exoscale/errors.ts";
import { NotYet, poll } from "../../exoscale/poll.ts";
import { timeouts } from "../timeouts.ts";
import { adviceFor } from "./access.ts";
import { readiness, type KubernetesAccess, type Readiness } from "./ready.ts";
import { scriptCommand, scriptDirectory } from "./scripts.ts";
import { ssh, SshError, type SshTarget } from "./ssh.ts";
import { oneLine, visible } from "./words.ts";

/**
 * The node's own verdict: exit code 0 if all that it runs is healthy, else the reasons on standard output. Ignores cordons
 * set by an operator.
 */
const nodeHealth = scriptCommand("health", "--cordoned");
/** The same of the whole control plane: every member of both etcds and every apiserver. Masters only. */
const clusterHealth = `${nodeHealth} --cluster`;
const bootIdCommand = "cat /proc/sys/kernel/random/boot_id";

/**
 * On a master: succeeds if its members of both etcds run, with or without a quorum. Not a script of its own, so that nodes
 * of earlier releases have it.
 */
const membersRun =
  `sudo bash -c 'source ${scriptDirectory}/common && ` +
  'call kubernetes-etcd apiserver-etcd-client "https://127.0.0.1:$ETCD_PORT/livez" && ' +
  `call infra-etcd infra-etcd "https://127.0.0.1:$INFRA_ETCD_PORT/livez"'`;

/** Whether a node may be taken down now. A node is broken only if it says so, or the Kubernetes API does. */
export type Verdict =
  /** It and all others are healthy. */
  | { readonly kind: "go"; readonly bootId: string }
  /** It is itself unhealthy. */
  | {
      readonly kind: "repair";
      /** Undefined if it could not be asked. */
      readonly bootId: string | undefined;
      /** It may still do a part of its work, so that taking it down costs something while others are down. */
      readonly serves: boolean;
    }
  /** It is healthy, others are not. */
  | { readonly kind: "wait"; readonly bootId: string; readonly reason: string }
  /** What it lacks is for others to give: a worker's API, a master's quorum. */
  | { readonly kind: "dependent"; readonly bootId: string; readonly reason: string }
  /** It does not answer, and nothing says that it is broken: perhaps it is only this machine that cannot reach it. */
  | { readonly kind: "unreachable"; readonly reason: string };

/** Attempts: a node is unhealthy if it says so this often in a row, and for as long as `timeouts.ailing`. */
const attempts = 3;

/** A node that is to be judged. */
export interface Suspect {
  /** Its Node object's. */
  readonly name: string;
  readonly kind: "master" | "worker";
  readonly ssh: SshTarget;
  /** An address that leads to a healthy master, which asks the Kubernetes API about a node that does not answer. */
  readonly masters: SshTarget;
  /** How the Kubernetes API is asked from here. @default only a master asks it */
  readonly kubernetes?: KubernetesAccess;
}

/** Asks a node whether it may be taken down; a master is asked about the whole control plane. */
export async function judge(suspect: Suspect): Promise<Verdict> {
  const { name, kind, ssh: target, masters, kubernetes } = suspect;
  const start = performance.now();
  let bootId: string | undefined;
  const ailing = stopwatch();
  let silent = 0;
  for (let unhealthy = 0; ; await sleep(timeouts.recheck)) {
    try {
      bootId = await bootIdOf(target);
      const { code, output } = await ssh(target, nodeHealth);
      if (code === 0) return kind === "worker" ? { kind: "go", bootId } : await judgeControlPlane(target, bootId);
      if (ailing.since(++unhealthy > 0) >= timeouts.ailing && unhealthy >= attempts)
        return await judgeUnhealthy(suspect, bootId, output);
    } catch (error) {
      if (!(error instanceof SshError)) throw error;
      ailing.since((unhealthy = 0) > 0);
      const ready = await readiness(name, masters, kubernetes);
      if (ready.status === "False" || ready.status === "Unknown") return { kind: "repair", bootId, serves: false };
      if (++silent >= attempts && performance.now() - start > timeouts.evidence) {
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

/** A node that says of itself that it is unhealthy: perhaps for what others lack. */
async function judgeUnhealthy(suspect: Suspect, bootId: string, output: string): Promise<Verdict> {
  const { name, kind, ssh: target, masters, kubernetes } = suspect;
  const lacksOthers =
    isRefused(output) || (isOfControlPlane(output) && (kind === "master" ? await membersRunOn() : await apiIsGone()));
  if (lacksOthers) return { kind: "dependent", bootId, reason: lastLines(output) };
  if (kind === "worker" && isOfControlPlane(output)) {
    // The API may have come back since the worker was asked.
    await sleep(timeouts.recheck);
    if ((await ssh(target, nodeHealth)).code === 0) return { kind: "go", bootId };
  }
  // The members of a control plane that has a quorum answer for it.
  return { kind: "repair", bootId, serves: kind === "worker" || !/(?<!infra-)etcd (of|has)/.test(output) };

  async function membersRunOn(): Promise<boolean> {
    return /etcd of/.test(output) && (await ssh(target, membersRun)).code === 0;
  }
  async function apiIsGone(): Promise<boolean> {
    return (await readiness(name, masters, kubernetes)).status === undefined;
  }
}

/** A certificate that the API does not take is the node's own problem. */
const ofControlPlane =
  /: (\S*etcd |apiserver |control plane |kube-(?:controller-manager|scheduler) |API does not answer(?!.*certificate)|no flannel lease)/;

/** Whether all that a node says is unhealthy is the control plane, or what waits for it. @param output What `health` prints. */
function isOfControlPlane(output: string): boolean {
  return everyLine(output, ofControlPlane);
}

/** Whether nothing is unhealthy but that the Kubernetes API answers that it has too much to do, or no server. */
function isRefused(output: string): boolean {
  return everyLine(output, /: API does not answer: .* error: (429|503)\b/);
}

function everyLine(output: string, pattern: RegExp): boolean {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 0 && lines.every((line) => pattern.test(line));
}

async function unreachableReason({ name, ssh }: Suspect, error: SshError, ready: Readiness): Promise<string> {
  const word =
    ready.status === undefined
      ? `no master could be asked about it (${ready.reason})`
      : "the Kubernetes API says that it is Ready";
  return (
    `it does not answer (${error.message}), and nothing says that it is broken: ${word}. ` +
    `${await adviceFor(error, ssh.host, name)} ` +
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
    throw new SshError(`SSH to ${target.host}: \`${bootIdCommand}\` ended with ${code}: ${visible(output)}`);
  return output;
}

/**
 * Waits until a node is healthy in another boot than `before`, or in any if that is undefined. Ends as well once all that
 * it lacks has been for others to give for a while: those may have their turn only after it (`--parallel 1`).
 *
 * @param limit Milliseconds.
 * @throws Error with the last lines of what the node said, or that this machine cannot reach it any more
 */
export async function waitUntilHealthy(
  suspect: Suspect,
  before: string | undefined,
  limit = timeouts.recovery,
): Promise<void> {
  const { name, ssh } = suspect;
  const cutOff = stopwatch();
  const lacking = stopwatch();
  await poll({ limit, pause: [1_000, 5_000] }, async () => {
    const seen = await look(ssh, before);
    if (seen.kind === "healthy") return;
    if (lacking.since(seen.kind === "lacking") > timeouts.lacking) {
      const { kind } = await judgeUnhealthy(suspect, seen.bootId!, seen.reason);
      if (kind === "dependent")
        return console.log(`${name} is up again, and waits for others: ${firstLine(seen.reason)}`);
    }
    if (seen.error && seen.error.failure !== "command") {
      const ready = await readiness(name, suspect.masters, suspect.kubernetes);
      if (cutOff.since(ready.status === "True") > timeouts.evidence)
        throw new Error(`${name} was restarted, and now ${await unreachableReason(suspect, seen.error, ready)}`);
    } else cutOff.since(false);
    throw new NotYet(
      `${name} is unhealthy ${Math.round(limit / 1000)} s after its reboot. Last:\n${seen.reason}\nLook at it with \`bin/ssh ${name} journalctl -b\`.`,
    );
  });
}

/**
 * Waits until a repaired node is healthy. @returns false once it is up and lacks only what others may have to give, or
 * after a while in which it did not come that far: others may have to be repaired first
 */
export async function isHealthyAlone(suspect: Suspect, before: string | undefined): Promise<boolean> {
  const { name, kind: role, ssh, masters, kubernetes } = suspect;
  try {
    return await poll({ limit: timeouts.alone, pause: [1_000, 5_000] }, async () => {
      const { kind } = await look(ssh, before);
      if (kind === "healthy") return true;
      // A worker that boots finds the API only after a while.
      const isLacking =
        kind === "lacking" && (role === "master" || !(await readiness(name, masters, kubernetes)).status);
      if (isLacking) return false;
      throw new NotYet();
    });
  } catch (error) {
    if (error instanceof NotYet) return false;
    throw error;
  }
}

/** What a node that was restarted shows. `lacking`: it is up, and lacks only what the control plane gives. */
interface Look {
  readonly kind: "healthy" | "lacking" | "unhealthy";
  readonly reason: string;
  readonly bootId?: string;
  readonly error?: SshError;
}

async function look(target: SshTarget, before: string | undefined): Promise<Look> {
  try {
    const bootId = await bootIdOf(target);
    if (bootId === before) return { kind: "unhealthy", reason: "it has not gone down yet" };
    const { code, output } = await ssh(target, nodeHealth);
    if (code === 0) return { kind: "healthy", reason: "" };
    const reason = lastLines(output) || `\`${nodeHealth}\` ended with ${code}`;
    return { kind: isOfControlPlane(output) ? "lacking" : "unhealthy", reason, bootId };
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return { kind: "unhealthy", reason: messageOf(error), error };
  }
}

/** Milliseconds for which something has been so each time it was looked at. */
function stopwatch() {
  let begin: number | undefined;
  return {
    since(isSo: boolean): number {
      begin = isSo ? (begin ?? performance.now()) : undefined;
      return begin === undefined ? 0 : performance.now() - begin;
    },
  };
}

const firstLine = (text: string): string => oneLine(text.split("\n")[0]!);

function lastLines(text: string): string {
  return visible(text.split("\n").slice(-15).join("\n").trim());
}
