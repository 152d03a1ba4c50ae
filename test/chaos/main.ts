/** `npm run chaos`: breaks things on purpose, with Pulumi's engine and a local zone, and counts the results. */
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";

import { scenarios, type Scenario } from "./scenarios.ts";
import { Cluster } from "./machines/cluster.ts";
import { machineScenarios } from "./machines/scenarios.ts";
import { trialsOf, type Choice, type HasLogs } from "./trials.ts";
import { ChaosSandbox } from "./sandbox.ts";

type Flags = Omit<Choice, "runs"> & {
  readonly runs?: number;
  readonly machines?: true;
  readonly scenario?: readonly string[];
};

interface Counts {
  right: number;
  repaired: number;
  wrong: number;
}

for (const [name, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.once(name, () => process.exit(code));

const {
  machines,
  scenario: chosen,
  runs,
  ...rest
} = new Command("npm run chaos --")
  .description(
    "Interrupts runs, disturbs the API and changes resources by hand, with Pulumi's engine and a local zone.",
  )
  .option("--machines", "with a cluster of machines instead of a zone without machines")
  .option("--runs <n>", "trials of each random scenario (default: 100, with machines 10)", positive)
  .option(
    "--seed <n>",
    "seed of the first random trial; each further one uses the next number",
    positive,
    Date.now() % 1_000_000,
  )
  .addOption(
    new Option("--scenario <name...>", "only these scenarios").choices(
      [...scenarios, ...machineScenarios].map(({ name }) => name),
    ),
  )
  .option("--only <text>", "only trials whose name contains this, in scenarios that are not random")
  .parse()
  .opts<Flags>();

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a number, 1 or more.");
  return Number(text);
}

async function run<S extends HasLogs & AsyncDisposable>(
  scenario: Scenario<S>,
  open: () => Promise<S>,
  usualRuns: number,
): Promise<Counts> {
  const counts: Counts = { right: 0, repaired: 0, wrong: 0 };
  const trials = trialsOf(scenario, { ...rest, runs: runs ?? usualRuns });
  await using sandbox = await open();
  for (const [i, { name, go }] of trials.entries()) {
    const started = performance.now();
    const said = [name];
    const print = (verdict: string) =>
      console.log(
        `${scenario.name} ${i + 1}/${trials.length}, ${said.join("; ")}: ${verdict}, ${Math.round((performance.now() - started) / 1000)} s`,
      );
    try {
      const verdict = await go(sandbox, (text) => said.push(text));
      counts[verdict]++;
      print(verdict);
    } catch (error) {
      counts.wrong++;
      print("WRONG");
      console.log((error as Error).message);
    }
  }
  return counts;
}

console.log(`Seed ${rest.seed}.`);
const sum: Counts = { right: 0, repaired: 0, wrong: 0 };
const table = new Table({
  head: ["SCENARIO", "TRIED", "RIGHT", "REPAIRED BY THE NEXT RUN", "WRONG"],
  style: { head: [], border: [] },
});
const all = [
  ...scenarios.map((each) => ({ name: each.name, ofMachines: false, run: () => run(each, ChaosSandbox.open, 100) })),
  ...machineScenarios.map((each) => ({ name: each.name, ofMachines: true, run: () => run(each, Cluster.open, 10) })),
].filter(({ name, ofMachines }) => (chosen ? chosen.includes(name) : ofMachines === Boolean(machines)));
for (const { name, run } of all) {
  const { right, repaired, wrong } = await run();
  table.push([name, right + repaired + wrong, right, repaired, wrong]);
  sum.right += right;
  sum.repaired += repaired;
  sum.wrong += wrong;
}
console.log(table.toString());
console.log(
  `${sum.right + sum.repaired + sum.wrong} tried, ${sum.right} right, ${sum.repaired} repaired, ${sum.wrong} wrong`,
);
process.exitCode = sum.wrong === 0 ? 0 : 1;
