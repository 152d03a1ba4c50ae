/** `npm run check`: types, rules, formatting and import directions. `npm test` begins with the same. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { root } from "./paths.ts";
import { main, run } from "./run.ts";
import { add, summary, type Sum } from "./sum.ts";

/** Program below node_modules and its arguments, by what it checks. */
const checks: Readonly<Record<string, readonly string[]>> = {
  types: ["typescript/bin/tsc", "--noEmit"],
  rules: ["eslint/bin/eslint.js", ".", "--max-warnings", "0"],
  formatting: ["prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
  "import directions": ["dependency-cruiser/bin/dependency-cruise.mjs", "--config", ".dependency-cruiser.mjs", "."],
};

/** Bytes that one check takes, at most. */
const memory = 1.5e9;

/**
 * Runs all checks, as many at the same time as memory allows, and prints the output of those that fail.
 *
 * @returns each check counted as one test
 */
export async function check(): Promise<Sum> {
  const limit = pLimit(Math.max(1, Math.floor(process.availableMemory() / memory)));
  const logs = await mkdtemp(join(tmpdir(), "kubernetes-on-exoscale-check-"));
  const one = async (name: string, [program = "", ...args]: readonly string[]): Promise<Sum> => {
    const log = join(logs, `${name}.log`);
    const code = await run(process.execPath, [join(root, "node_modules", program), ...args], {
      cwd: root,
      log,
      accept: "any",
    });
    if (code === 0) return { passed: 1, failed: 0 };
    console.log(`${name}: failed\n${(await readFile(log, "utf8")).trim()}\n`);
    return { passed: 0, failed: 1 };
  };
  try {
    const sums = await Promise.all(Object.entries(checks).map(([name, command]) => limit(() => one(name, command))));
    return sums.reduce(add);
  } finally {
    await rm(logs, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  await main(async () => {
    const sum = await check();
    console.log(summary(sum));
    return sum.failed === 0 ? 0 : 1;
  });
}
