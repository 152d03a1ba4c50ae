import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a process may take to end when it is asked to. */
export const STOP_TIMEOUT = 5000;

/** Remembers a process, so that it is known again, or known to be gone, after a crash of whoever started it. */
export async function writePidFile(file: string, pid: number): Promise<void> {
  await writeFile(file, `${pid} ${await startOf(pid)}\n`);
}

/** The process that a pid file names, if there is one and it is still the same process. */
export async function readPidFile(file: string): Promise<number | undefined> {
  const [pid = 0, started] = (await readFile(file, "utf8").catch(() => "")).trim().split(" ").map(Number);
  return pid > 0 && started === (await startOf(pid)) ? pid : undefined;
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

/** When a process was started, in the kernel's ticks since boot; with its id that names it, since ids come again. */
async function startOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the command in parentheses and may contain blanks; the third is the state, Z for one that has
  // ended, the 22nd the time.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" ? undefined : Number(fields[19]);
}
