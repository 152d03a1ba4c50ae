import { join } from "node:path";

import { root } from "../../toolchain/paths.ts";
import type { Scenario, Verdict } from "./scenarios.ts";
import { randomFrom } from "../../zone/testing/random.ts";
import type { ChaosSandbox } from "./sandbox.ts";

export interface Trial<S = ChaosSandbox> {
  readonly name: string;
  /** Arguments of `npm run chaos --` that run this trial alone. */
  readonly again: string;
  /** @throws Error with what went wrong, how to repeat the trial, and where its logs are. */
  go(sandbox: S, say: (text: string) => void): Promise<Verdict>;
}

/** Selects the trials of a scenario. */
export interface Choice {
  /** Number of trials of a random scenario. */
  readonly runs: number;
  /** Seed of the first random trial; each further one uses the next number. */
  readonly seed: number;
  /** Selects trials whose name contains this, in scenarios that are not random. */
  readonly only?: string;
}

/** A sandbox or cluster that trials run on. */
export interface HasLogs {
  /** Copies the logs of the last trial into a directory. */
  keepLogs(directory: string): void | Promise<void>;
}

export function trialsOf<S extends HasLogs>(
  scenario: Scenario<S>,
  { runs, seed: first, only = "" }: Choice,
): Trial<S>[] {
  const trials: Trial<S>[] =
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

async function kept<S extends HasLogs>(
  sandbox: S,
  name: string,
  { again, go }: Trial<S>,
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
