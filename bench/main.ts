/** `npm run bench`: measures, prints a table for each part, or with `-- --json` one object. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { Argument, Command, InvalidArgumentError } from "commander";
import { table } from "../table.ts";
import { prepare } from "../toolchain/prepare.ts";
import { main } from "../toolchain/run.ts";
import { Lab } from "./lab.ts";
import type { Part, PartOptions } from "./part.ts";

interface Entry {
  /** Keys of `bench` in toolchain/artifacts.ts. */
  readonly needs?: readonly string[];
  readonly load: () => Promise<{ measure(options: PartOptions): Promise<Part> }>;
}

const parts: Readonly<Record<string, Entry>> = {
  "zone-api": { load: () => import("./zone-api.ts") },
  growth: { load: () => import("./growth.ts"), needs: ["opentofu"] },
  // The order matters: later parts use the cluster that earlier ones leave.
  bootstrap: { load: () => import("./bootstrap.ts"), needs: ["kubeadm"] },
  "node-cost": { load: () => import("./node-cost.ts"), needs: ["kubeadm"] },
  scale: { load: () => import("./scale.ts") },
  night: { load: () => import("./night.ts") },
};

const machine = () => ({
  cpus: availableParallelism(),
  model: cpus()[0]?.model ?? "",
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  debian: readFileSync("/etc/debian_version", "utf8").trim(),
});

function counts(text: string): number[] {
  if (!/^[1-9]\d*(,[1-9]\d*)*$/.test(text)) throw new InvalidArgumentError("Give numbers of workers, such as 3,100.");
  return text
    .split(",")
    .map(Number)
    .sort((a, b) => a - b);
}

interface Flags {
  readonly json?: true;
  readonly workers: readonly number[];
}

const program = new Command("npm run bench --")
  .description(
    "Measures what this product costs on this machine. Compare figures within one run: other machines give others.",
  )
  .addArgument(new Argument("[part...]", "what to measure; everything by default").choices(Object.keys(parts)))
  .option("--json", "one JSON object instead of tables")
  .option(
    "--workers <n,n,...>",
    "numbers of workers that `growth` measures, each and one more",
    counts,
    [3, 100, 300, 999],
  )
  .action(async (asked: string[], { json, workers }: Flags) => {
    const names = Object.keys(parts).filter((name) => asked.length === 0 || asked.includes(name));
    const say = (line: string) => console.error(line);
    await prepare(0, { bench: [...new Set(names.flatMap((name) => parts[name]!.needs ?? []))], out: process.stderr });
    await using lab = new Lab({ say, isIdleMeasured: names.includes("node-cost") });
    const values: Record<string, unknown> = { machine: machine(), at: new Date().toISOString() };
    for (const name of names) {
      say(`${name} ...`);
      try {
        const part = await (await parts[name]!.load()).measure({ say, workers, lab });
        values[name] = part.values;
        if (!json)
          console.log(
            `${part.title}\n${table(
              part.columns,
              part.rows.map((row) => row.map(String)),
            )}\n`,
          );
      } catch (error) {
        // The other parts still run.
        say(`${name} failed: ${(error as Error).message}`);
        values[name] = { error: (error as Error).message };
        process.exitCode = 1;
      }
    }
    if (json) console.log(JSON.stringify(values, undefined, 2));
    else console.log(`Measured on ${JSON.stringify(machine())}`);
  });

await main(async () => {
  await program.parseAsync();
  return Number(process.exitCode ?? 0);
});
