/** Runs the programs by which status asks: ssh and kubectl. */
import { execa } from "execa";
import { oneLine } from "../node/remote/words.ts";

export interface Ended {
  /** Undefined after the timeout; 255, as for a failure of ssh, if the program did not start or was killed. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param timeout milliseconds @param input its standard input @param longest bytes of output, more than which end it */
export async function run(
  command: string,
  args: readonly string[],
  timeout: number,
  input?: string,
  longest = 2 ** 28,
): Promise<Ended> {
  const ended = await execa(command, args, {
    timeout,
    killSignal: "SIGKILL",
    reject: false,
    ...(input === undefined ? { stdin: "ignore" } : { input }),
    maxBuffer: longest,
  });
  const { exitCode = 255, timedOut, stdout, stderr, originalMessage = "" } = ended;
  return { code: timedOut ? undefined : exitCode, stdout, stderr: stderr || originalMessage };
}

/** For a message. */
export const lastLine = (text: string): string => oneLine(text.trimEnd().split("\n").at(-1)!.trim());
