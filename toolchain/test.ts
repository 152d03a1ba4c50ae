/** `npm test`: obtains everything, then runs all checks and tests; the last line says how many passed and failed. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import { testPackages } from "./debian.ts";
import { root } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { main, run } from "./run.ts";
import { add, type Report, type Sum, summary, sumOf } from "./sum.ts";

// This Node for everything: vitest starts workers, and tests start wrappers.
const env = { PATH: `${join(process.execPath, "..")}:${process.env["PATH"]}` };

async function vitest(projects: readonly string[], directory: string): Promise<Sum> {
  const file = join(directory, `${projects[0]}.json`);
  const code = await run(
    process.execPath,
    [
      join(root, "node_modules", "vitest/vitest.mjs"),
      "run",
      ...projects.map((project) => `--project=${project}`),
      "--passWithNoTests",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
    ],
    { cwd: root, env, accept: [1] },
  );
  const report = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  );
  return sumOf(report, code);
}

await main(async () => {
  const progress = await prepare(5, { debian: testPackages, bench: ["kube-bench"] });
  const directory = await mkdtemp(join(tmpdir(), "kubernetes-on-exoscale-test-"));
  const sums: Sum[] = [];
  try {
    const options = { quiet: true, summary };
    sums.push(await progress.step("checks", check, options));
    sums.push(await progress.step("unit tests", () => vitest(["unit", "strict"], directory), options));
    sums.push(await progress.step("tests in sandboxes", () => vitest(["sandbox"], directory), options));
    sums.push(await progress.step("tests on this host", () => vitest(["host"], directory), options));
    sums.push(await progress.step("whole-cluster tests", () => vitest(["cluster"], directory), options));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const total = sums.reduce(add);
  console.log(summary(total));
  return total.failed === 0 ? 0 : 1;
});
