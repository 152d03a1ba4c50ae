/** Processes that outlive the one that started them: pid files, and the ends of their logs. */
import { readFile, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import writeFileAtomic from "write-file-atomic";

/** Milliseconds that a process has to end after SIGTERM. */
export const STOP_TIMEOUT = 5000;

export interface RunningProcess {
  /** Name of its command, at most 15 characters. */
  readonly name: string;
  /** When it was started, in the kernel's ticks since boot. With the pid it identifies a process, as pids are reused. */
  readonly started: number;
}

/** Looks a process up in /proc; undefined if it has ended, even if it is still a zombie. */
export async function findProcess(pid: number): Promise<RunningProcess | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // proc(5): the second field is the command in parentheses and may contain anything; the third is the state, the 22nd
  // the time of its start.
  const match = /^\d+ \((?<name>.*)\) (?<state>\S) (?:\S+ ){18}(?<started>\d+) /s.exec(stat ?? "");
  if (match?.groups === undefined || match.groups["state"] === "Z") return undefined;
  return { name: match.groups["name"]!, started: Number(match.groups["started"]) };
}

/** Remembers a process across a crash of the one that started it. */
export async function writePidFile(file: string, pid: number): Promise<void> {
  await writeFileAtomic(file, `${pid} ${(await findProcess(pid))?.started}\n`);
}

/** The process that a pid file names, if it still runs and is the same process. */
export async function readPidFile(file: string): Promise<number | undefined> {
  const [pid = 0, started] = (await readFile(file, "utf8").catch(() => "")).trim().split(" ").map(Number);
  return pid > 0 && started === (await findProcess(pid))?.started ? pid : undefined;
}

/** Ends the process that a pid file names, and removes the file. */
export async function endLeftover(file: string): Promise<void> {
  const pid = await readPidFile(file);
  if (pid !== undefined) {
    process.kill(pid, "SIGTERM");
    for (const deadline = Date.now() + STOP_TIMEOUT; (await readPidFile(file)) !== undefined; await sleep(50)) {
      if (Date.now() > deadline) process.kill(pid, "SIGKILL");
    }
  }
  await rm(file, { force: true });
}

/** The last lines of a log, joined by newlines; empty if the file is missing or empty. */
export async function lastLines(file: string, count: number): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
