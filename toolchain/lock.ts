/** One run at a time works on the cache: two checkouts, or `npm run up` beside `npm test`. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Failure } from "./run.ts";

const waiting = 75;

/**
 * Runs `work` while holding flock(1)'s lock on a file. The lock ends with this process, however that ends: flock's
 * child reads from a pipe of ours.
 *
 * @param onWait called once when another process has the lock
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let holder = await hold(["--nonblock", "--conflict-exit-code", String(waiting)], file);
  if (!holder) {
    onWait();
    holder = await hold([], file);
  }
  if (!holder) throw new Failure(`The lock ${file} cannot be taken.`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
}

/** @returns the process that holds the lock, or nothing when somebody else does. */
function hold(flags: string[], file: string): Promise<ChildProcessByStdio<Writable, Readable, null> | undefined> {
  const child = spawn("flock", [...flags, file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  return new Promise((done, failed) => {
    child.on("error", (error) => failed(new Failure(`flock (package util-linux) cannot be started: ${error.message}`)));
    child.stdout.once("data", () => done(child));
    child.on("close", () => done(undefined));
  });
}
