/** How the zone runs the host's programs. */
import { once } from "node:events";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { execa } from "execa";

/** Debian's package of each program, where its name is not the program's. */
const packages: Readonly<Record<string, string>> = {
  dnsmasq: "dnsmasq-base",
  dockerd: "docker.io",
  ip: "iproute2",
  modprobe: "kmod",
  nft: "nftables",
  setpriv: "util-linux",
  ss: "iproute2",
  umount: "mount",
};

/** For all programs: they neither end with this process nor before they are done. */
const common = { cleanup: false, reject: false } as const;

/**
 * Runs a program to its end.
 *
 * @param options.input its standard input, empty by default
 * @param options.accept exit codes that are no failure, by default 0 alone
 * @returns its standard output
 * @throws Error with the command line and what the program wrote to standard error
 */
export async function run(
  program: string,
  args: readonly string[],
  { input = "", accept = [0] }: { input?: string; accept?: readonly number[] } = {},
): Promise<string> {
  const { exitCode, signal, stdout, stderr, cause } = await execa(program, args, {
    ...common,
    input,
    stripFinalNewline: false,
  });
  if (exitCode !== undefined && accept.includes(exitCode)) return stdout;
  if (exitCode === undefined && signal === undefined) throw notStarted(program, cause);
  const reason = stderr.trim() || (signal === undefined ? `exit code ${exitCode}` : `ended by ${signal}`);
  throw new Error(`${[program, ...args].join(" ")}: ${reason}`, { cause });
}

export interface StartOptions {
  /** File its output is appended to, readable by its owner alone; without it the caller reads `stdout`. */
  readonly logFile?: string;
  /** In a session of its own, out of reach of the terminal's signals. */
  readonly detached?: boolean;
  /** Milliseconds after a SIGTERM from `kill()` until SIGKILL follows. @default 5000 */
  readonly forceKillAfterDelay?: number;
}

export interface RunningProgram {
  readonly pid: number;
  /** Its standard output, unless that goes to a log. */
  readonly stdout: Readable | null;
  /** SIGTERM is followed by SIGKILL. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Lets this process end while the program runs. */
  readonly unref: () => void;
  /** Resolves once it has ended, with `exit code N` or the name of a signal; never rejects. */
  readonly ended: Promise<string>;
}

/**
 * Starts a program that goes on running, also after this process's end. Resolves once it runs.
 *
 * @throws Error that names the package to install if the program is missing
 */
export async function start(
  program: string,
  args: readonly string[],
  { logFile, ...options }: StartOptions = {},
): Promise<RunningProgram> {
  // A file, not a pipe: after a crash of this process nobody would read the pipe, and writing would end the program.
  const log = logFile === undefined ? undefined : await open(logFile, "a", 0o600);
  // execa takes any descriptor; its types list single digits.
  const output = log?.fd as 3 | undefined;
  try {
    const child = execa(program, args, {
      ...common,
      ...options,
      buffer: false,
      stdin: "ignore",
      stdout: output ?? "pipe",
      stderr: output ?? "ignore",
    });
    const failed = child.then(({ cause }) => Promise.reject(cause as Error));
    await Promise.race([once(child, "spawn"), failed]).catch((cause: unknown) => {
      throw notStarted(program, cause);
    });
    return {
      pid: child.pid!,
      stdout: child.stdout,
      kill: (signal) => void child.kill(signal),
      unref: () => child.unref(),
      ended: child.then(({ exitCode, signal }) => signal ?? `exit code ${exitCode}`),
    };
  } finally {
    await log?.close();
  }
}

const notStarted = (program: string, cause: unknown): unknown =>
  (cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT"
    ? new Error(`${program} is not installed: apt-get install ${packages[program] ?? program}`, { cause })
    : cause;
