/** Child processes that get a signal once and are given the time to end well. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** What the user has to know: one message, no stack. */
export class Failure extends Error {}

/** The run was told to end; whatever it had begun goes on with the next one. */
export class Interrupted extends Failure {
  readonly signal: NodeJS.Signals;
  constructor(signal: NodeJS.Signals) {
    super("Interrupted.");
    this.signal = signal;
  }
}

const running = new Set<ChildProcess>();
let interrupted: NodeJS.Signals | undefined;
let last = 0;

// Children are leaders of process groups of their own, so that the terminal's Ctrl-C reaches them through here alone:
// a second interrupt makes the Pulumi CLI drop what it is doing. npm hands the terminal's signal on as well, hence the pause.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    const now = Date.now();
    if (now - last < 1000) return;
    last = now;
    interrupted ??= signal;
    for (const child of running) {
      try {
        if (child.pid) process.kill(-child.pid, signal === "SIGHUP" ? "SIGINT" : signal);
      } catch {
        // Ended in the meantime.
      }
    }
    if (running.size === 0) process.exit(128 + 2);
  });
}

/** @throws Interrupted once a signal has arrived: call it between two pieces of work. */
export function checkInterrupted(): void {
  if (interrupted) throw new Interrupted(interrupted);
}

export interface RunOptions {
  readonly cwd?: string;
  /** Replaces the environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Output goes to this file instead of this process's own; its end is quoted when the command fails. */
  readonly log?: string;
  /** Exit codes that are no failure; default only 0. */
  readonly accept?: readonly number[];
}

/**
 * Runs a command to its end.
 *
 * @returns its exit code
 * @throws Failure with the command, its exit code and the end of its log; Interrupted when a signal ended the run
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<number> {
  checkInterrupted();
  if (options.log) await mkdir(dirname(options.log), { recursive: true });
  const log = options.log ? createWriteStream(options.log) : undefined;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: log ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    detached: true,
  });
  running.add(child);
  try {
    if (log) {
      child.stdout?.pipe(log, { end: false });
      child.stderr?.pipe(log, { end: false });
    }
    const code = await new Promise<number>((done, failed) => {
      child.on("error", (error) => failed(new Failure(`${command} cannot be started: ${error.message}`)));
      child.on("close", (exit, signal) =>
        done(exit ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 9)),
      );
    });
    if (log) await new Promise<void>((done) => log.end(done));
    checkInterrupted();
    if (code !== 0 && !options.accept?.includes(code)) {
      const tail = options.log ? `:\n${await end(options.log, 20)}\nThe whole log: ${options.log}` : "";
      throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code})${tail}`);
    }
    return code;
  } finally {
    running.delete(child);
  }
}

/**
 * Runs a command for its standard output.
 *
 * @throws Failure with what it wrote to standard error
 */
export async function output(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, "cwd" | "env"> = {},
): Promise<string> {
  checkInterrupted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running.add(child);
  try {
    const texts = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
    const code = await new Promise<number>((done, failed) => {
      child.on("error", (error) => failed(new Failure(`${command} cannot be started: ${error.message}`)));
      child.on("close", (exit) => done(exit ?? 1));
    });
    checkInterrupted();
    if (code !== 0) {
      throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code}): ${texts.stderr.trim()}`);
    }
    return texts.stdout;
  } finally {
    running.delete(child);
  }
}

/** The last lines of a log. */
async function end(file: string, lines: number): Promise<string> {
  return (await readFile(file, "utf8"))
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => `  ${line}`)
    .join("\n");
}

/** Runs a command's main function: a Failure is one message on standard error, anything else a bug with its stack. */
export async function main(work: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error(`\nInterrupted. The same command goes on from here.`);
      process.exitCode = error.signal === "SIGTERM" ? 143 : 130;
    } else if (error instanceof Failure) {
      console.error(`\n${error.message}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}
