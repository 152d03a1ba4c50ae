import { join } from "node:path";

import { root } from "../../toolchain/paths.ts";
import type { Line, Verdict } from "./lines.ts";
import { randomFrom } from "../../zone/testing/random.ts";
import type { World } from "./environment.ts";

/** One thing that is tried. */
export interface Trial<W = World> {
  readonly name: string;
  /** Arguments of `npm run chaos --` that try it alone. */
  readonly again: string;
  /** @throws Error with what went wrong, how to try it again, and where its logs are. */
  go(world: W, say: (text: string) => void): Promise<Verdict>;
}

/** Which trials of a line. */
export interface Choice {
  /** How many, of a line that is up to chance. */
  readonly runs: number;
  /** Of the first of them; each further one's is one more. */
  readonly seed: number;
  /** Of another line, those with this in their name. */
  readonly only?: string;
}

/** Something that is worked on, and can tell afterwards what was done. */
export interface Worked {
  /** Puts what tells of its last life into a directory. */
  keepLogs(directory: string): void | Promise<void>;
}

export function trialsOf<W extends Worked>(line: Line<W>, { runs, seed: first, only = "" }: Choice): Trial<W>[] {
  const trials: Trial<W>[] =
    "each" in line
      ? line.each
          .filter((which) => which.includes(only))
          .map((which) => ({
            name: which,
            again: `--line ${JSON.stringify(line.name)} --only ${JSON.stringify(which)}`,
            go: (world, say) => line.try(world, which, say),
          }))
      : Array.from({ length: runs }, (_, i) => first + i).map((seed) => ({
          name: `seed ${seed}`,
          again: `--line ${JSON.stringify(line.name)} --runs 1 --seed ${seed}`,
          go: (world, say) => line.try(world, randomFrom(seed), say),
        }));
  return trials.map((trial) => ({
    ...trial,
    go: (world, say) => kept(world, `${line.name} ${trial.name}`, trial, say),
  }));
}

async function kept<W extends Worked>(
  world: W,
  name: string,
  { again, go }: Trial<W>,
  say: (text: string) => void,
): Promise<Verdict> {
  try {
    return await go(world, say);
  } catch (error) {
    const logs = join(root, "test-results", "chaos", name.replaceAll(/\W+/g, "-"));
    await world.keepLogs(logs);
    throw new Error(
      `${error instanceof Error ? error.message : error}\nAgain: npm run chaos -- ${again}\nLogs: ${logs}`,
    );
  }
}
