/** The table in docs/architecture.md is what dependency-cruiser checks: it has every room, and an import against it fails. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { execa } from "execa";
import { expect, test } from "vitest";

import { rooms } from "../.dependency-cruiser.mjs";
import { root } from "../toolchain/paths.ts";

const house = rooms(readFileSync(join(root, "docs/architecture.md"), "utf8"));

test("every folder and every file of the root is a room of the table", () => {
  const found = readdirSync(root, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && !["node_modules", "test-results"].includes(name))
    .filter((entry) =>
      entry.isDirectory()
        ? readdirSync(join(root, entry.name), { recursive: true }).some((file) => String(file).endsWith(".ts"))
        : entry.name.endsWith(".ts") && !/\.(test|config)\.ts$/.test(entry.name),
    )
    .map(({ name }) => name.replace(/\.ts$/, ""));
  expect([...house.keys()].sort()).toEqual(found.sort());
});

test("the table names rooms only", () => {
  const named = [...house.values()].flatMap((imports) => (imports === "all" ? [] : imports));
  expect(named.filter((room) => !house.has(room))).toEqual([]);
});

test("files and folders are named in kebab-case", async () => {
  const { stdout } = await execa("git", ["ls-files", "*.ts"], { cwd: root });
  const parts = stdout.split("\n").flatMap((file) => file.split("/"));
  expect(
    parts.filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/.test(part) && !part.startsWith("__") && part),
  ).toEqual([]);
});

/** What dependency-cruiser says of these files, under the rules of this repository. */
async function cruise(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "house-"));
  try {
    for (const file of [".dependency-cruiser.mjs", "tsconfig.json", "docs/architecture.md"])
      cpSync(join(root, file), join(directory, file));
    for (const [file, text] of Object.entries({ "package.json": '{"type":"module"}', ...files })) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    const cli = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const { stdout } = await execa(
      process.execPath,
      [cli, "--config", ".dependency-cruiser.mjs", "--output-type", "err", "."],
      { cwd: directory, reject: false },
    );
    return stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test.each([
  [
    "imports of exoscale: exoscale/a.ts → node/b.ts",
    { "exoscale/a.ts": 'import "../node/b.ts";', "node/b.ts": "export {};" },
  ],
  [
    "the program reaches nothing of the zone and the toolchain: index.ts → zone/c.ts",
    {
      "index.ts": 'import "./components/b.ts";',
      "components/b.ts": 'import "../zone/c.ts";',
      "zone/c.ts": "export {};",
    },
  ],
  [
    "the program reaches nothing of the zone and the toolchain: index.ts → toolchain/c.ts",
    {
      "index.ts": 'import "./components/b.ts";',
      "components/b.ts": 'import "../toolchain/c.ts";',
      "toolchain/c.ts": "export {};",
    },
  ],
  ...["optionalDependencies", "devDependencies"].map((kind): [string, Record<string, string>] => [
    "program and commands reach only packages of dependencies: index.ts → node_modules/heavy/index.js",
    {
      "package.json": JSON.stringify({ type: "module", dependencies: { light: "1.0.0" }, [kind]: { heavy: "1.0.0" } }),
      "node_modules/light/index.js": "",
      "node_modules/heavy/index.js": "",
      "index.ts": 'import "./components/b.ts"; import "light";',
      "components/b.ts": 'import "heavy";',
    },
  ]),
  [
    "program and commands reach only packages of dependencies: status/main.ts → node_modules/heavy/index.js",
    { "node_modules/heavy/index.js": "", "status/main.ts": 'import "heavy";' },
  ],
  [
    "no test support in the product: node/a.ts → node/testing/b.ts",
    { "node/a.ts": 'import "./testing/b.ts";', "node/testing/b.ts": "export {};" },
  ],
  [
    "no circles: node/a.ts →",
    {
      "node/a.ts": 'import { b } from "./b.ts"; export const a = b;',
      "node/b.ts": 'import { a } from "./a.ts"; export const b = a;',
    },
  ],
])("an import against the rules fails: %s", async (message, files) => {
  expect(await cruise(files)).toContain(message);
});

test("imports along the arrows pass", async () => {
  const said = await cruise({
    "package.json": JSON.stringify({ type: "module", dependencies: { "@pulumi/pulumi": "3.0.0" } }),
    "node_modules/@pulumi/pulumi/index.js": "",
    "index.ts": 'import "./components/b.ts"; import "@pulumi/pulumi";',
    "components/b.ts": 'import "../node/a.ts"; import "@pulumi/pulumi";',
    "node/a.ts": 'import "../exoscale/b.ts";',
    "exoscale/b.ts": "export {};",
  });
  expect(said).toContain("no dependency violations found");
});
