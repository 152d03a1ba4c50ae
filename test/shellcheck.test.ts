/** shellcheck finds nothing in any shell script of this repository, nodes' scripts among them. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const isInstalled = (await execa("shellcheck", ["--version"], { reject: false })).exitCode === 0;

/** Scripts by their first line; shellcheck follows from them to what they source. */
let scripts: string[] = [];
beforeAll(async () => {
  const { stdout } = await execa("git", ["ls-files"], { cwd: root });
  scripts = stdout.split("\n").filter((file) => /^#!\/bin\/(ba)?sh$/.test(start(file)));
});

/** The start of a file, empty if it is deleted. */
function start(file: string): string {
  try {
    const descriptor = openSync(join(root, file), "r");
    const buffer = Buffer.alloc(16);
    readSync(descriptor, buffer);
    closeSync(descriptor);
    return buffer.toString().split("\n")[0]!;
  } catch {
    return "";
  }
}

const isRecipe = (file: string): boolean => file.startsWith("toolchain/recipes/");

async function findings(files: readonly string[], ...options: string[]): Promise<string> {
  const { stdout } = await execa(
    "shellcheck",
    ["--external-sources", "--check-sourced", "--format=gcc", ...options, ...files],
    { cwd: root, reject: false },
  );
  return stdout;
}

const title = "shellcheck passes over every script";
const missing = isInstalled ? "" : " (skipped: Debian's package shellcheck is not installed)";

test.skipIf(!isInstalled)(title + missing, async () => {
  const files = scripts.filter((file) => !isRecipe(file));
  expect(files).toEqual(
    expect.arrayContaining(["bin/pulumi", "ignition/files/node/health", "zone/image/build.sh", ".ci/run"]),
  );
  expect(await findings(files, "--source-path=SCRIPTDIR")).toBe("");
});

test.skipIf(!isInstalled)(`${title} of a recipe${missing}`, async () => {
  // A recipe that changes builds its programs again, half an hour for Kubernetes: not for `a= b=` (SC1007), nor for
  // VERSION and version side by side (SC2153). source.sh is put beside a recipe when it runs.
  const options = ["--source-path=toolchain/recipes", "--exclude=SC1007,SC2153"];
  expect(await findings(scripts.filter(isRecipe), ...options)).toBe("");
});
