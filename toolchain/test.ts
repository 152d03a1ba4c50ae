/** `npm test`: obtains everything, then runs all tests; the last line says how many passed and failed. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testPackages } from "./debian.ts";
import { root } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { main, run } from "./run.ts";
import { add, type Report, type Sum, summary, sumOf } from "./sum.ts";

const program = (path: string) => join(root, "node_modules", path);
// vitest starts workers and tests start wrappers: all of them with this Node.
const env = { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env["PATH"]}` };

/** The type check counts as one test. */
async function typecheck(): Promise<Sum> {
  const code = await run(process.execPath, [program("typescript/bin/tsc"), "--noEmit"], { cwd: root, accept: [1, 2] });
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function vitest(project: string, directory: string): Promise<Sum> {
  const file = join(directory, `${project}.json`);
  const code = await run(
    process.execPath,
    [
      program("vitest/vitest.mjs"),
      "run",
      "--project",
      project,
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
  const progress = await prepare(4, { debian: testPackages });
  const directory = await mkdtemp(join(tmpdir(), "kubernetes-on-exoscale-test-"));
  const sums: Sum[] = [];
  try {
    const options = { quiet: true, summary };
    sums.push(await progress.step("type check", typecheck, options));
    sums.push(await progress.step("unit tests", () => vitest("unit", directory), options));
    sums.push(await progress.step("tests on this host", () => vitest("host", directory), options));
    sums.push(await progress.step("whole-cluster tests", () => vitest("cluster", directory), options));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const total = sums.reduce(add);
  console.log(summary(total));
  return total.failed === 0 ? 0 : 1;
});
