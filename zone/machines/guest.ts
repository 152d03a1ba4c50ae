/** Commands in a running guest, as its root. */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { containerOf, type Context } from "./context.ts";

export interface Answer {
  readonly exitCode: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

/**
 * Runs a command in the guest.
 *
 * @param seconds timeout; the command is then ended and has an exit code of its own
 * @throws Error if the engine cannot run it (the guest is off or frozen), or nothing came back in time
 */
export async function execute(
  container: Docker.Container,
  command: readonly string[],
  seconds: number,
): Promise<Answer> {
  // `timeout` in the guest ends a command that hangs; the signal handles a guest that does not even run `timeout`.
  const abortSignal = AbortSignal.timeout((seconds + 5) * 1000);
  const call = await container.exec({
    Cmd: ["timeout", "--kill-after=1", String(seconds), ...command],
    AttachStdout: true,
    AttachStderr: true,
    abortSignal,
  });
  const stream = await call.start({ abortSignal });
  const stdout = new PassThrough(),
    stderr = new PassThrough();
  (container.modem as Docker["modem"]).demuxStream(stream, stdout, stderr);
  const end = (error?: Error): void =>
    void [stdout, stderr].forEach((half) => (error ? half.destroy(error) : half.end()));
  abortSignal.addEventListener("abort", () => stream.destroy(abortSignal.reason as Error));
  stream
    .once("error", end)
    .once("close", () => end())
    .once("end", () => end());
  const output = (await Promise.all([text(stdout), text(stderr)])).join("");
  const { ExitCode } = await call.inspect();
  return { exitCode: ExitCode ?? -1, output };
}

/**
 * Has the guest's update-engine announce a version of the operating system.
 *
 * @throws Error with the guest's answer if it refuses
 */
export async function announceUpdate(context: Context, id: string, version: string): Promise<void> {
  const command = ["update-engine-announce", version];
  const { exitCode, output } = await execute(containerOf(context, id), command, 30).catch((error: Error) => ({
    exitCode: -1,
    output: error.message,
  }));
  if (exitCode !== 0)
    throw new Error(`instance ${id} takes no update to ${version}: ${output.trim() || "no answer within 30 s"}`);
}
