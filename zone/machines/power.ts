/** A machine's power button, its reset button, and its plug. */
import type Docker from "dockerode";

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

const isOff = async (container: Docker.Container): Promise<boolean> => !(await container.inspect()).State.Running;

/**
 * Has a guest shut down, and resolves when it is off. It is asked as by a power button, through logind: so whoever
 * delays shutdowns is heard, the kubelet first of all.
 * @param seconds the guest has until its power is cut
 * @returns false if that was necessary
 */
export async function shutDown(container: Docker.Container, verb: "poweroff" | "reboot", seconds: number): Promise<boolean> {
  if (await isOff(container)) return true;
  const timeout = AbortSignal.timeout(seconds * 1000);
  const ended = container.wait({ condition: "not-running", abortSignal: timeout });
  // A guest that does not answer yet, or no more, may still hear a signal; what comes of it is seen by its end.
  void ask(container, ["systemctl", verb])
    .catch(() => container.kill({ signal: verb === "reboot" ? "SIGRTMIN+5" : "SIGRTMIN+4" }))
    .catch(() => {});
  try {
    await ended;
    return true;
  } catch (error) {
    if (!timeout.aborted) throw error;
    await cutPower(container);
    return false;
  }
}

/** Runs a command in the guest. Rejects when it fails; the guest's end is its success. */
async function ask(container: Docker.Container, command: string[]): Promise<void> {
  const call = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const output = await call.start({});
  await new Promise((done) => output.once("close", done).resume());
  const { ExitCode } = await call.inspect();
  if (ExitCode !== 0) throw new Error(`${command.join(" ")} ended with ${ExitCode}`);
}

/** SIGKILL to the guest's PID 1: everything in it is gone at once. */
export async function cutPower(container: Docker.Container): Promise<void> {
  if (await isOff(container)) return;
  await container.kill().catch(ignoreConflict);
  await container.wait({ condition: "not-running" });
}
