/** `npm run chaos`: breaks things on purpose, with the real engine and the real zone, and counts how it ends. */
import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";

import { lines, type Line } from "./lines.ts";
import { Cluster } from "./machines/cluster.ts";
import { machineLines } from "./machines/lines.ts";
import { trialsOf, type Choice, type Worked } from "./trials.ts";
import { World } from "./environment.ts";

type Flags = Omit<Choice, "runs"> & {
  readonly runs?: number;
  readonly machines?: true;
  readonly line?: readonly string[];
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

const { machines, line, runs, ...rest } = new Command("npm run chaos --")
  .description("Interrupts, disturbs and changes things by hand, with Pulumi's engine and a local zone.")
  .option("--machines", "with a whole cluster of machines, not without any")
  .option("--runs <n>", "trials of each line that is up to chance (100, with machines 10)", positive)
  .option("--seed <n>", "of the first such trial; each further one's is one more", positive, Date.now() % 1_000_000)
  .addOption(
    new Option("--line <name...>", "these lines alone").choices([...lines, ...machineLines].map(({ name }) => name)),
  )
  .option("--only <text>", "of the other lines, trials with this in their name alone")
  .parse()
  .opts<Flags>();

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a number, 1 or more.");
  return Number(text);
}

async function run<W extends Worked & AsyncDisposable>(
  line: Line<W>,
  open: () => Promise<W>,
  usualRuns: number,
): Promise<Counts> {
  const counts: Counts = { right: 0, repaired: 0, wrong: 0 };
  const trials = trialsOf(line, { ...rest, runs: runs ?? usualRuns });
  await using world = await open();
  for (const [i, { name, go }] of trials.entries()) {
    const started = performance.now();
    const said = [name];
    const tell = (verdict: string) =>
      console.log(
        `${line.name} ${i + 1}/${trials.length}, ${said.join("; ")}: ${verdict}, ${Math.round((performance.now() - started) / 1000)} s`,
      );
    try {
      const verdict = await go(world, (text) => said.push(text));
      counts[verdict]++;
      tell(verdict);
    } catch (error) {
      counts.wrong++;
      tell("WRONG");
      console.log((error as Error).message);
    }
  }
  return counts;
}

console.log(`Seed ${rest.seed}.`);
const sum: Counts = { right: 0, repaired: 0, wrong: 0 };
const table = new Table({
  head: ["LINE", "TRIED", "RIGHT", "REPAIRED BY THE NEXT RUN", "WRONG"],
  style: { head: [], border: [] },
});
const works = [
  ...lines.map((each) => ({ name: each.name, ofMachines: false, run: () => run(each, World.open, 100) })),
  ...machineLines.map((each) => ({ name: each.name, ofMachines: true, run: () => run(each, Cluster.open, 10) })),
].filter(({ name, ofMachines }) => (line ? line.includes(name) : ofMachines === Boolean(machines)));
for (const { name, run } of works) {
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
