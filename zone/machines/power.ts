/** A machine's power button, its reset button, and its plug. */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { execute } from "./guest.ts";

/** The engine's answer for "there is no such thing". */
export const ignoreMissing = (error: unknown): void => ignore(error, 404);
/** The engine's answer for "it is so already". */
export const ignoreUnchanged = (error: unknown): void => ignore(error, 304);
/** The engine's answer for "there is one of this name", and for "it does not run". */
export const ignoreConflict = (error: unknown): void => ignore(error, 409);

function ignore(error: unknown, status: number): void {
  if ((error as { statusCode?: number }).statusCode !== status) throw error;
}

/**
 * How a guest ended, by its container's exit code: the kernel ends the first process of a pid namespace that calls
 * reboot(2) with SIGHUP for a reboot and with SIGINT for a halt or a power-off.
 */
export function endedBy(exitCode: number): "reboot" | "power-off" | "power cut" {
  if (exitCode === 128 + 1) return "reboot";
  return exitCode === 128 + 2 || exitCode === 0 ? "power-off" : "power cut";
}

/** How long the zone waits for a guest that was asked to shut down. */
export interface Patience {
  /** Seconds a guest has that answers meanwhile, however busy: a node drains itself before it goes down. */
  readonly shutdownSeconds: number;
  /** Seconds after which one counts as hung whose PID 1 neither answers nor ends. */
  readonly hungSeconds: number;
  /** Has the power cut at once. */
  readonly hurry: AbortSignal;
  /** Ends the waiting and leaves the guest to itself: rejects with the signal's reason. */
  readonly leave: AbortSignal;
}

const stateOf = async (container: Docker.Container): Promise<Docker.ContainerInspectInfo["State"]> =>
  (await container.inspect()).State;

/**
 * Has a guest shut down, and resolves when it is off. It is asked as by a power button, through logind: so whoever
 * delays shutdowns is heard, the kubelet first of all.
 *
 * @returns why its power had to be cut, undefined if it went down by itself
 */
export async function shutDown(
  container: Docker.Container,
  verb: "poweroff" | "reboot",
  patience: Patience,
): Promise<string | undefined> {
  const { shutdownSeconds, hungSeconds, hurry, leave } = patience;
  if (!(await stateOf(container)).Running) return undefined;
  const done = new AbortController();
  const over = AbortSignal.any([hurry, leave, done.signal]);
  const ended = container.wait({ condition: "not-running", abortSignal: over }).then(() => undefined);
  try {
    const reason = await Promise.race([ended, lostPatience()]).catch((error: unknown) => {
      if (leave.aborted) throw leave.reason;
      if (hurry.aborted) return "it was not to be waited for";
      throw error;
    });
    if (reason !== undefined) await cutPower(container);
    return reason;
  } finally {
    done.abort();
  }

  async function lostPatience(): Promise<string | undefined> {
    const begun = performance.now();
    let accepted = false,
      heard = begun;
    for (;;) {
      const state = await stateOf(container);
      if (over.aborted || !state.Running) return ended;
      if (!state.Paused) {
        accepted ||= await asks(container, verb);
        if ((await says(container)) !== "") heard = performance.now();
      }
      const now = performance.now();
      if (now - begun > shutdownSeconds * 1000) return `it was not down after ${shutdownSeconds} s`;
      if (now - heard > hungSeconds * 1000) return `it had not answered for ${hungSeconds} s`;
      // One that was not asked yet boots or is frozen: soon again.
      await sleep(accepted ? 5000 : 1000, undefined, { signal: over });
    }
  }
}

/** Asks the guest to shut down; false when it did not take it. */
async function asks(container: Docker.Container, verb: "poweroff" | "reboot"): Promise<boolean> {
  const { exitCode } = await execute(container, ["systemctl", verb], 10).catch(() => ({ exitCode: -1 }));
  // It refuses a second order while it goes down by an earlier one, its own.
  if (exitCode === 0 || (await says(container)) === "stopping") return true;
  // A guest that cannot run this yet, or never, may still hear a signal; what comes of it is seen by its end.
  await container.kill({ signal: verb === "reboot" ? "SIGRTMIN+5" : "SIGRTMIN+4" }).catch(() => {});
  return false;
}

/** What the guest's PID 1 says of the system's state, empty when it says nothing. */
async function says(container: Docker.Container): Promise<string> {
  const { output } = await execute(container, ["systemctl", "is-system-running"], 10).catch(() => ({ output: "" }));
  return /^(initializing|starting|running|degraded|maintenance|stopping)\s/.exec(output)?.[1] ?? "";
}

/** SIGKILL to the guest's PID 1: everything in it is gone at once. A frozen one dies as well. */
export async function cutPower(container: Docker.Container): Promise<void> {
  if (!(await stateOf(container)).Running) return;
  await container.kill().catch(ignoreConflict);
  await container.wait({ condition: "not-running" });
}
