/**
 * Runs the commands and programs of docs/integration.md under Pulumi's engine, against the local zone's API without
 * machines: a program that uses the components as a library, a policy on its preview, a program that reads its outputs,
 * and kubectl.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";

import packageJson from "../package.json" with { type: "json" };
import { root } from "../toolchain/paths.ts";
import { startApi, type TestApi } from "../zone/testing/zone.ts";
import { blocks, clone, shell } from "./clone.ts";

// Installs packages and runs the CLI about ten times.
vi.setConfig({ testTimeout: 600_000 });

const page = readFileSync(join(root, "docs/integration.md"), "utf8");
/** The page's only block in a language that contains `needle`. */
const block = (language: string, needle: string): string => {
  const found = blocks(page, language).filter((each) => each.includes(needle));
  expect(found).toHaveLength(1);
  return found[0]!;
};

const directory = mkdtempSync(join(tmpdir(), "integration-"));
const shop = join(directory, "shop");
const reader = join(directory, "reader");
const bash = shell(directory);
const library = block("ts", 'from "kubernetes-on-exoscale"');
/** The program for a zone without machines: it waits for none, and has no add-ons. */
const withoutMachines = (program: string): string =>
  program
    .replace("https://api-ch-gva-2.exoscale.com/v2", zone.url)
    .replace('zone: "ch-gva-2"', 'zone: "local-1"')
    .replace('checksum: "MD5"', 'checksum: "0123456789abcdef0123456789abcdef"')
    .replace('waitFor: "cluster"', 'waitFor: "instances"')
    .replace(/^new Addons\(.*$/m, "")
    .replace("Addons, ", "");

let zone: TestApi;

beforeAll(async () => {
  zone = await startApi();
  for (const each of ["state", "shop", "reader", ".kube"]) mkdirSync(join(directory, each));
  // Instead of a submodule.
  clone(join(shop, "kubernetes-on-exoscale"));
});
afterAll(async () => {
  await zone.close();
  rmSync(directory, { recursive: true });
});

async function type(where: string, command: string): Promise<string> {
  const { code, output } = await bash(where, command, {
    PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "of the test",
    PULUMI_STACK: "prod",
    EXOSCALE_API_KEY: zone.key,
    EXOSCALE_API_SECRET: zone.secret,
    npm_config_prefer_offline: "true",
    npm_config_ignore_scripts: "true",
  });
  expect(code, `${command}\n${output}`).toBe(0);
  return output;
}

const instances = (): string[] => [...zone.zone.state.instances.values()].map(({ name }) => name).sort();

// Each test continues where the one before it ended.

test("the repository in a directory is linked as a package, with a single @pulumi/pulumi", async () => {
  writeFileSync(join(shop, "package.json"), JSON.stringify({ name: "shop", type: "module" }));
  writeFileSync(join(shop, "Pulumi.yaml"), block("yaml", "name: shop"));
  const commands = block("", "git submodule add").trim().split("\n");
  expect(commands).toEqual([
    "git submodule add <this repository> kubernetes-on-exoscale",
    expect.stringMatching(/^npm install \.\//),
  ]);
  const { "@pulumi/pulumi": pulumi } = packageJson.dependencies;
  await type(
    shop,
    `${commands[1]} @pulumi/pulumi@${pulumi} && test ! -e kubernetes-on-exoscale/node_modules/@pulumi/pulumi`,
  );
});

test("the page's program type-checks and creates a cluster with two pools of workers", async () => {
  writeFileSync(join(shop, "index.ts"), library);
  const tsconfig = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as object;
  writeFileSync(
    join(shop, "tsconfig.json"),
    JSON.stringify({
      ...tsconfig,
      compilerOptions: { ...("compilerOptions" in tsconfig && (tsconfig.compilerOptions as object)), types: [] },
      include: ["index.ts"],
    }),
  );
  await type(shop, `"${process.execPath}" "${join(root, "node_modules/typescript/bin/tsc")}" --noEmit -p .`);
  writeFileSync(join(shop, "index.ts"), withoutMachines(library));
  await type(shop, "pulumi stack init prod && pulumi up --yes --skip-preview");
  expect(instances()).toEqual([
    ...["large-worker-1", "large-worker-2", "master-1", "master-2", "master-3", "worker-1", "worker-2", "worker-3"].map(
      (name) => `prod-${name}`,
    ),
  ]);
  expect(new Set([...zone.zone.state.instances.values()].map(({ labels }) => labels["cluster"]))).toEqual(
    new Set(["prod"]),
  );
  await type(shop, "pulumi preview --expect-no-changes");
});

test("a policy on the preview finds a rule that a change would open, and the preview holds no secret", async () => {
  const policy = block("", "jq --exit-status");
  await type(shop, policy);
  expect(readFileSync(join(shop, "preview.json"), "utf8")).not.toContain("PRIVATE KEY");
  const program = withoutMachines(library);
  writeFileSync(join(shop, "index.ts"), program.replace('sshSources: ["203.0.113.7/32"]', 'sshSources: ["0.0.0.0/0"]'));
  const { code } = await bash(shop, policy, {
    PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "of the test",
    PULUMI_STACK: "prod",
  });
  expect(code).toBe(1);
  writeFileSync(join(shop, "index.ts"), program);
});

test("another program reads the outputs, and secrets stay secret", async () => {
  const program = block("ts", "StackReference").replace("organization/kubernetes/prod", "organization/shop/prod");
  writeFileSync(join(reader, "index.ts"), program.replace('"endpoint"', '"kubeconfig"'));
  writeFileSync(join(reader, "package.json"), JSON.stringify({ name: "reader", type: "module" }));
  writeFileSync(join(reader, "Pulumi.yaml"), block("yaml", "name: shop").replace("name: shop", "name: reader"));
  await type(
    reader,
    `ln -s ${join(shop, "node_modules")} node_modules && pulumi stack init prod && pulumi up --yes --skip-preview`,
  );
  expect(await type(reader, "pulumi stack output endpoint")).toContain("[secret]");
  expect(await type(reader, "pulumi stack output endpoint --show-secrets")).toContain("current-context: prod");
  expect(readFileSync(join(directory, "state/.pulumi/stacks/reader/prod.json"), "utf8")).not.toContain(
    "client-key-data",
  );
});

test("the page's command adds the cluster to the user's kubeconfig and keeps other entries", async () => {
  const own = { name: "mine", user: { token: "of another cluster" } };
  writeFileSync(
    join(directory, ".kube/config"),
    stringify({
      apiVersion: "v1",
      kind: "Config",
      users: [own],
      "current-context": "mine",
      contexts: [{ name: "mine", context: { user: "mine", cluster: "mine" } }],
      clusters: [{ name: "mine", cluster: { server: "https://192.0.2.1:6443" } }],
    }),
  );
  const merge = block("", "config view --flatten");
  for (let times = 0; times < 2; times++) await type(shop, merge);
  const config = parse(readFileSync(join(directory, ".kube/config"), "utf8"));
  expect(config.users).toContainEqual(own);
  expect(config.clusters.map(({ name }: { name: string }) => name).sort()).toEqual(["mine", "prod"]);
  expect(config["current-context"]).toBe("prod");
  expect(config.users.find(({ name }: { name: string }) => name === "prod").user["client-key-data"]).toMatch(
    /^[\w+/=]+$/,
  );
  expect(statSync(join(directory, ".kube/config")).mode & 0o777).toBe(0o600);
});

test("destroy leaves nothing", async () => {
  await type(reader, "pulumi destroy --yes --skip-preview");
  await type(shop, "pulumi destroy --yes --skip-preview");
  expect(instances()).toEqual([]);
});
