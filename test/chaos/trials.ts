import { join } from "node:path";

import { root } from "../../toolchain/paths.ts";
import type { Scenario, Verdict } from "./scenarios.ts";
import { randomFrom } from "../../zone/testing/random.ts";
import type { ChaosSandbox } from "./sandbox.ts";

/** One trial. */
export interface Trial<W = ChaosSandbox> {
  readonly name: string;
  /** Arguments of `npm run chaos --` that run it alone. */
  readonly again: string;
  /** @throws Error with what went wrong, how to run it again, and where its logs are. */
  go(sandbox: W, say: (text: string) => void): Promise<Verdict>;
}

/** Which trials of a scenario. */
export interface Choice {
  /** How many, of a random scenario. */
  readonly runs: number;
  /** The first one's; each further one's is one more. */
  readonly seed: number;
  /** Of another scenario, those whose name contains this. */
  readonly only?: string;
}

/** What trials work on. */
export interface HasLogs {
  /** Copies the logs of the last trial into a directory. */
  keepLogs(directory: string): void | Promise<void>;
}

export function trialsOf<W extends HasLogs>(
  scenario: Scenario<W>,
  { runs, seed: first, only = "" }: Choice,
): Trial<W>[] {
  const trials: Trial<W>[] =
    "each" in scenario
      ? scenario.each
          .filter((which) => which.includes(only))
          .map((which) => ({
            name: which,
            again: `--scenario ${JSON.stringify(scenario.name)} --only ${JSON.stringify(which)}`,
            go: (sandbox, say) => scenario.try(sandbox, which, say),
          }))
      : Array.from({ length: runs }, (_, i) => first + i).map((seed) => ({
          name: `seed ${seed}`,
          again: `--scenario ${JSON.stringify(scenario.name)} --runs 1 --seed ${seed}`,
          go: (sandbox, say) => scenario.try(sandbox, randomFrom(seed), say),
        }));
  return trials.map((trial) => ({
    ...trial,
    go: (sandbox, say) => kept(sandbox, `${scenario.name} ${trial.name}`, trial, say),
  }));
}

async function kept<W extends HasLogs>(
  sandbox: W,
  name: string,
  { again, go }: Trial<W>,
  say: (text: string) => void,
): Promise<Verdict> {
  try {
    return await go(sandbox, say);
  } catch (error) {
    const logs = join(root, "test-results", "chaos", name.replaceAll(/\W+/g, "-"));
    await sandbox.keepLogs(logs);
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\nAgain: npm run chaos -- ${again}\nLogs: ${logs}`,
    );
  }
}
