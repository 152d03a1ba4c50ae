/** `npm run bench`: measures, prints a table for each part, or with `-- --json` one object. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { Argument, Command } from "commander";
import { table } from "../table.ts";
import type { Part, PartOptions } from "./part.ts";

/** Parts by name; each says in its own file what it needs. */
const parts: Readonly<Record<string, () => Promise<{ measure(options: PartOptions): Promise<Part> }>>> = {
  "zone-api": () => import("./zone-api.ts"),
};

const machine = () => ({
  cpus: availableParallelism(), model: cpus()[0]?.model ?? "", memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(), node: process.version, debian: readFileSync("/etc/debian_version", "utf8").trim(),
});

const program = new Command("bench")
  .description("What this product costs, measured on this machine. All figures of a run belong together; other machines give others.")
  .addArgument(new Argument("[part...]", "what to measure; everything by default").choices(Object.keys(parts)))
  .option("--json", "one JSON object instead of tables")
  .action(async (names: string[], { json }: { json?: true }) => {
    const say = (line: string) => console.error(line);
    const values: Record<string, unknown> = { machine: machine() };
    for (const name of names.length > 0 ? names : Object.keys(parts)) {
      say(`${name} ...`);
      const part = await (await parts[name]!()).measure({ say });
      values[name] = part.values;
      if (json) continue;
      console.log(`${part.title}\n${table(part.columns, part.rows.map((row) => row.map(String)))}\n`);
    }
    if (json) console.log(JSON.stringify(values, undefined, 2));
    else console.log(`Measured on ${JSON.stringify(machine())}`);
  });

program.parseAsync().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
