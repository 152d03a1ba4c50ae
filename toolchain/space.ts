/** Disk and memory, looked at before they run out. */
import { mkdir, statfs } from "node:fs/promises";
import { size } from "./progress.ts";
import { Failure } from "./run.ts";

const GB = 1e9;

/** What a run is going to take. Bytes. */
export interface Need {
  /** On the cache's disk, while it is being built. */
  readonly disk: number;
  /** At the worst moment. */
  readonly memory: number;
}

/** What there is. Bytes. */
export interface Have {
  readonly disk: number;
  readonly memory: number;
}

/** @param directory the cache; made if it is not there */
export async function measure(directory: string): Promise<Have> {
  await mkdir(directory, { recursive: true });
  const { bavail, bsize } = await statfs(directory);
  return { disk: bavail * bsize, memory: process.availableMemory() };
}

/**
 * @param directory the cache, for the message
 * @throws Failure that says what is missing and what helps
 */
export function checkSpace(need: Need, have: Have, directory: string): void {
  const problems: string[] = [];
  if (have.disk < need.disk) {
    problems.push(
      `What is missing takes up to ${size(need.disk)} of disk while it is built, and ${directory} has ` +
        `${size(have.disk)} free. Free some, or set XDG_CACHE_HOME to a directory on a bigger disk.`,
    );
  }
  if (have.memory < need.memory) {
    problems.push(
      `The biggest program to build takes ${(need.memory / GB).toFixed(1)} GB of memory, and ` +
        `${(have.memory / GB).toFixed(1)} GB are available. Stop something big, or add swap or memory.`,
    );
  }
  if (problems.length > 0) throw new Failure(problems.join("\n"));
}
