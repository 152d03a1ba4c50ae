/** Checks disk and memory before a build. */
import { mkdir, statfs } from "node:fs/promises";
import { size } from "./progress.ts";
import { Failure } from "./run.ts";

const GB = 1e9;

/** What a run takes, in bytes. */
export interface Need {
  /** On the cache's disk, while it is being built. */
  readonly disk: number;
  /** Peak. */
  readonly memory: number;
}

/** What is available, in bytes. */
export interface Have {
  readonly disk: number;
  readonly memory: number;
}

/** @param directory the cache; created if it does not exist */
export async function measure(directory: string): Promise<Have> {
  await mkdir(directory, { recursive: true });
  const { bavail, bsize } = await statfs(directory);
  return { disk: bavail * bsize, memory: process.availableMemory() };
}

/**
 * @param directory the cache, for the message
 * @throws Failure with what is missing and what to do
 */
export function checkSpace(need: Need, have: Have, directory: string): void {
  const problems: string[] = [];
  if (have.disk < need.disk) {
    problems.push(
      `The build takes up to ${size(need.disk)} of disk, and ${directory} has ` +
        `${size(have.disk)} free. Free some, or set XDG_CACHE_HOME to a directory on a bigger disk.`,
    );
  }
  if (have.memory < need.memory) {
    problems.push(
      `The largest build takes ${(need.memory / GB).toFixed(1)} GB of memory, and ` +
        `${(have.memory / GB).toFixed(1)} GB are available. Stop another program, or add swap or memory.`,
    );
  }
  if (problems.length > 0) throw new Failure(problems.join("\n"));
}
