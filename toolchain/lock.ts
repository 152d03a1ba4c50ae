/** Keeps two runs from working on the cache at the same time: two checkouts, or `npm run up` and `npm test`. */
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { execa } from "execa";
import { Failure } from "./run.ts";

/**
 * Runs `work` while holding flock(1)'s lock on a file. The lock ends with this process, however it ends: flock's child
 * reads from a pipe that this process holds open.
 *
 * @param onWait called once when another process has the lock
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let release = await hold(["--nonblock"], file);
  if (!release) {
    onWait();
    release = await hold([], file);
  }
  if (!release) throw new Failure(`The lock ${file} cannot be taken.`);
  try {
    return await work();
  } finally {
    release();
  }
}

/** @returns how to give the lock back; undefined if another process has it */
async function hold(flags: string[], file: string): Promise<(() => void) | undefined> {
  // In a process group of its own, so that the terminal's Ctrl-C does not end it before the work.
  const holder = execa("flock", [...flags, file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdin: "pipe",
    stderr: "inherit",
    buffer: false,
    detached: true,
    reject: false,
  });
  const ended = holder.then(({ exitCode, originalMessage }) => {
    if (exitCode === undefined)
      throw new Failure(`flock (Debian's package util-linux) cannot be started: ${originalMessage}`);
    return undefined;
  });
  const held = once(holder.stdout, "data").then(() => () => void holder.stdin.end());
  return Promise.race([held, ended]);
}
