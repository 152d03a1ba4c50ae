/** Runs child processes for commands that a person started and may interrupt. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";
import { exitCodeOf, lastLines, signal as send } from "./processes.ts";

/** An error whose message is for the user: printed without a stack. */
export class Failure extends Error {}

/** A command that was ended because it took longer than it may. */
export class TimedOut extends Failure {}

/** A signal interrupted this run; the next run continues where it stopped. */
export class Interrupted extends Failure {
  readonly signal: NodeJS.Signals;
  constructor(signal: NodeJS.Signals) {
    super("Interrupted.");
    this.signal = signal;
  }
}

/** Process groups of the children that run. */
const running = new Set<number>();
let interrupted: NodeJS.Signals | undefined;
let last = 0;

// Every child leads a process group of its own, so that the terminal's Ctrl-C reaches it only from here: at a second
// interrupt the Pulumi CLI aborts what it is doing. npm forwards the terminal's signal too, hence the pause.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    const now = Date.now();
    if (now - last < 1000) return;
    last = now;
    interrupted ??= signal;
    for (const group of running) send(-group, signal === "SIGHUP" ? "SIGINT" : signal);
    if (running.size === 0) process.exit(128 + 2);
  });
}

/** @throws Interrupted once a signal has arrived: call it between two pieces of work. */
export function checkInterrupted(): void {
  if (interrupted) throw new Interrupted(interrupted);
}

export interface RunOptions {
  readonly cwd?: string;
  /** Variables added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** File that gets the output instead of this process's own; a failure quotes its end. */
  readonly log?: string;
  /** Milliseconds after which it is ended, with all that it started. */
  readonly timeout?: number;
  /** Exit codes besides 0 that are no failure. */
  readonly accept?: readonly number[] | "any";
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param destination where the output goes: returned, passed on, or a file */
async function ended(
  command: string,
  args: readonly string[],
  { cwd, env, timeout }: RunOptions,
  destination: "pipe" | "inherit" | { readonly file: string },
): Promise<Ended> {
  checkInterrupted();
  const child = execa(command, args, {
    ...(cwd !== undefined && { cwd }),
    ...(env && { env }),
    stdin: "ignore",
    stdout: destination,
    stderr: destination,
    buffer: destination === "pipe",
    detached: true,
    // execa's own errors quote the output, which may contain secrets.
    reject: false,
  });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  let isLate = false;
  const timer =
    timeout &&
    setTimeout(() => {
      isLate = true;
      if (pid !== undefined) send(-pid, "SIGTERM");
    }, timeout);
  try {
    const result = await child;
    if (isLate) throw new TimedOut(`${[command, ...args].join(" ")} took more than ${timeout! / 1000} s`);
    const code = exitCodeOf(result);
    if (code === undefined) throw new Failure(`${command} cannot be started: ${result.originalMessage}`);
    checkInterrupted();
    return { code, stdout: result.stdout ?? "", stderr: result.stderr ?? "" };
  } finally {
    clearTimeout(timer);
    if (pid !== undefined) running.delete(pid);
  }
}

/**
 * Runs a command to its end.
 *
 * @returns its exit code
 * @throws Failure with the command, its exit code and the end of its log; Interrupted when a signal ended the run
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<number> {
  const { log, accept = [] } = options;
  if (log !== undefined) await mkdir(dirname(log), { recursive: true });
  const { code } = await ended(command, args, options, log === undefined ? "inherit" : { file: log });
  if (code === 0 || accept === "any" || accept.includes(code)) return code;
  const end = log === undefined ? "" : `:\n${await quoted(log)}\nThe whole log: ${log}`;
  throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code})${end}`);
}

/**
 * Runs a command and returns what it printed on standard output, without the last line break.
 *
 * @throws Failure with what it printed on standard error; TimedOut
 */
export async function output(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, "cwd" | "env" | "timeout"> = {},
): Promise<string> {
  const { code, stdout, stderr } = await ended(command, args, options, "pipe");
  if (code !== 0) throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code}): ${stderr.trim()}`);
  return stdout;
}

async function quoted(log: string): Promise<string> {
  return lastLines(await readFile(log, "utf8"), 20).replaceAll(/^/gm, "  ");
}

/** Runs a command's main function: a Failure is one message on standard error, any other error a bug with its stack. */
export async function main(work: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error("\nInterrupted. Run the same command again to continue.");
      process.exitCode = error.signal === "SIGTERM" ? 143 : 130;
    } else if (error instanceof Failure) {
      console.error(`\n${error.message}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}
