/** Commands in a running guest, as its root. */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

export interface Answer {
  readonly exitCode: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

/**
 * Runs a command in the guest.
 *
 * @param seconds the command is ended after them, with an exit code of its own
 * @throws when the engine cannot run it (the guest is off or frozen), and when nothing came back in time
 */
export async function execute(
  container: Docker.Container,
  command: readonly string[],
  seconds: number,
): Promise<Answer> {
  // The guest's own `timeout` ends what hangs in the guest; the signal, a guest that does not even run that.
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
  container.modem.demuxStream(stream, stdout, stderr);
  const end = (error?: Error): void =>
    void [stdout, stderr].forEach((half) => (error ? half.destroy(error) : half.end()));
  abortSignal.addEventListener("abort", () => stream.destroy(abortSignal.reason as Error));
  stream
    .once("error", end)
    .once("close", () => end())
    .once("end", () => end());
  const [said, complained] = await Promise.all([text(stdout), text(stderr)]);
  const { ExitCode } = await call.inspect();
  return { exitCode: ExitCode ?? -1, output: said + complained };
}
