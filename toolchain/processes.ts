/** Processes of this machine, read from /proc, and what to say about those that ended. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";

/** Fields of `/proc/PID/stat`, numbered as in proc(5). */
export interface Stat {
  /** The program's file name, at most 15 characters. */
  readonly name: string;
  readonly field: (number: number) => string;
}

/** @throws Error when there is no such process */
export function statOf(pid: number): Stat {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name is in parentheses and may contain anything; field 3 follows it.
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  return { name: text.slice(text.indexOf("(") + 1, end), field: (number) => fields[number - 3]! };
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** The program's file name, at most 15 characters. */
  readonly name: string;
  /** Its arguments, separated by spaces. */
  readonly command: string;
}

/** A process that is alive; undefined if it has ended, waited for or not. */
export function processOf(pid: number): Process | undefined {
  try {
    const { name, field } = statOf(pid);
    if (/[ZX]/.test(field(3))) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parent: Number(field(4)), name, command };
  } catch {
    return undefined; // It ended while being read.
  }
}

/** Ids of all processes. */
export const pids = (): number[] => readdirSync("/proc").map(Number).filter(Boolean);

/** Processes that are alive and whose working directory is this one. */
export function processesIn(directory: string): Process[] {
  return pids().flatMap((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === directory ? (processOf(pid) ?? []) : [];
    } catch {
      return []; // It ended, or belongs to another user.
    }
  });
}

/** Sends a signal to a process, or with `-pid` to a process group; no error if it has ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The exit code as a shell reports it: a signal's is 128 plus its number. Undefined if the program did not start. */
export function exitCodeOf(ended: {
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
}): number | undefined {
  return ended.exitCode ?? (ended.signal && 128 + constants.signals[ended.signal]);
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
