/** A machine's power button, reset button and power cord. */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { execute } from "./guest.ts";
import { ignoreConflict } from "./responses.ts";

/**
 * How a guest ended, by its container's exit code: the kernel ends the first process of a pid namespace that calls
 * reboot(2) with SIGHUP for a reboot and with SIGINT for a halt or a power-off.
 */
export function endedBy(exitCode: number): "reboot" | "power-off" | "power cut" {
  if (exitCode === 128 + 1) return "reboot";
  return exitCode === 128 + 2 || exitCode === 0 ? "power-off" : "power cut";
}

type Verb = "poweroff" | "reboot";

/** How long to wait for a guest that is asked to shut down. */
export interface ShutdownOptions {
  /** Seconds until its power is cut, however busy it is: a node drains itself before it goes down. */
  readonly shutdownSeconds: number;
  /** Seconds without an answer of its PID 1 after which it counts as hung and its power is cut. */
  readonly hungSeconds: number;
  /** Has the power cut immediately. */
  readonly interrupted: AbortSignal;
  /** Ends the wait and leaves the guest running: the call rejects with the signal's reason. */
  readonly abandoned: AbortSignal;
}

const stateOf = async (container: Docker.Container): Promise<Docker.ContainerInspectInfo["State"]> =>
  (await container.inspect()).State;

/**
 * Shuts a guest down, and resolves when it is off. It is asked through logind, as by a power button, so that inhibitors
 * (above all the kubelet's) are respected.
 *
 * @returns why its power had to be cut, undefined if it shut down by itself
 */
export async function shutDown(
  container: Docker.Container,
  verb: Verb,
  options: ShutdownOptions,
): Promise<string | undefined> {
  const { interrupted, abandoned } = options;
  if (!(await stateOf(container)).Running) return undefined;
  const done = new AbortController();
  const over = AbortSignal.any([interrupted, abandoned, done.signal]);
  const ended = container.wait({ condition: "not-running", abortSignal: over }).then(() => undefined);
  try {
    const reason = await Promise.race([ended, watchShutdown(container, verb, options, ended, over)]).catch(
      (error: unknown) => {
        if (abandoned.aborted) throw abandoned.reason;
        if (interrupted.aborted) return "it was not to be waited for";
        throw error;
      },
    );
    if (reason !== undefined) await cutPower(container);
    return reason;
  } finally {
    done.abort();
  }
}

/**
 * Asks a guest to shut down until it accepts, and watches whether it still answers.
 *
 * @param ended resolves when it is off
 * @param over ends the watch
 * @returns why its power has to be cut, or `ended`
 */
async function watchShutdown(
  container: Docker.Container,
  verb: Verb,
  { shutdownSeconds, hungSeconds }: ShutdownOptions,
  ended: Promise<undefined>,
  over: AbortSignal,
): Promise<string | undefined> {
  const begun = performance.now();
  let accepted = false,
    lastAnswer = begun;
  for (;;) {
    const state = await stateOf(container);
    if (over.aborted || !state.Running) return ended;
    if (!state.Paused) {
      accepted ||= await requestShutdown(container, verb);
      if ((await systemState(container)) !== "") lastAnswer = performance.now();
    }
    const now = performance.now();
    if (now - begun > shutdownSeconds * 1000) return `it was not down after ${shutdownSeconds} s`;
    if (now - lastAnswer > hungSeconds * 1000) return `it had not answered for ${hungSeconds} s`;
    // A guest that has not accepted yet is booting or frozen: ask again soon.
    await sleep(accepted ? 5000 : 1000, undefined, { signal: over });
  }
}

/** @returns false if the guest has not accepted the request */
async function requestShutdown(container: Docker.Container, verb: Verb): Promise<boolean> {
  const { exitCode } = await execute(container, ["systemctl", verb], 10).catch(() => ({ exitCode: -1 }));
  // While it goes down by its own request, it refuses a second one.
  if (exitCode === 0 || (await systemState(container)) === "stopping") return true;
  // A guest that cannot run systemctl (yet) may react to a signal; its end shows whether it did.
  await container.kill({ signal: verb === "reboot" ? "SIGRTMIN+5" : "SIGRTMIN+4" }).catch(() => {});
  return false;
}

/** The state that the guest's PID 1 reports, empty without an answer. */
async function systemState(container: Docker.Container): Promise<string> {
  const { output } = await execute(container, ["systemctl", "is-system-running"], 10).catch(() => ({ output: "" }));
  return /^(initializing|starting|running|degraded|maintenance|stopping)\s/.exec(output)?.[1] ?? "";
}

/** Kills the guest's PID 1, and with it everything in the guest. Works on a frozen guest, too. */
export async function cutPower(container: Docker.Container): Promise<void> {
  if (!(await stateOf(container)).Running) return;
  await container.kill().catch(ignoreConflict);
  await container.wait({ condition: "not-running" });
}
