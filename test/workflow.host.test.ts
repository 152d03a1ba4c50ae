/**
 * README's commands for the real Exoscale, against the local zone's API without machines; then the workflow that
 * previews pull requests, step by step as GitHub runs it, in a fresh checkout.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse } from "yaml";

import { root } from "../toolchain/paths.ts";
import { startApi, type TestApi } from "../zone/testing/zone.ts";
import { blocks, clone, shell, type Result } from "./clone.ts";

interface Step {
  readonly name?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

// Installs packages and runs the CLI about ten times.
vi.setConfig({ testTimeout: 600_000 });

const directory = mkdtempSync(join(tmpdir(), "workflow-"));
const checkout = join(directory, "checkout");
const summary = join(directory, "summary");
const bash = shell(directory);
/** Values for README's placeholders. */
const given: Readonly<Record<string, string>> = { VERSION: "4757.2.0", MD5: "0123456789abcdef0123456789abcdef" };

const { preview: job } = (
  parse(readFileSync(join(root, ".github/workflows/preview.yaml"), "utf8")) as { jobs: { preview: Job } }
).jobs;
/** The repository's variables and secrets. */
const settings: Readonly<Record<string, string>> = {
  "vars.PULUMI_STACK": "prod",
  "vars.PULUMI_BACKEND_URL": `file://${join(directory, "state")}`,
  "secrets.PULUMI_CONFIG_PASSPHRASE": "of the test",
};
const filled = (value: string): string =>
  value.replace(/\$\{\{ (.+?) \}\}/g, (_, name: string) => settings[name] ?? "");

let zone: TestApi;

beforeAll(async () => {
  zone = await startApi();
  clone(checkout);
  mkdirSync(join(directory, "state"));
});
afterAll(async () => {
  await zone.close();
  rmSync(directory, { recursive: true });
});

const stepOf = (name: string): Step => job.steps.find((each) => each.name === name)!;

/** Runs a command as a user on their machine. */
async function type(command: string, stack = "prod"): Promise<string> {
  const all = { ...job.env, ...stepOf("Preview").env };
  const env = Object.fromEntries(
    ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"].map((name) => [name, filled(all[name]!)]),
  );
  const { code, output } = await bash(checkout, command, {
    ...env,
    PULUMI_STACK: stack,
    EXOSCALE_API_KEY: zone.key,
    EXOSCALE_API_SECRET: zone.secret,
  });
  expect(code, `${command}\n${output}`).toBe(0);
  return output;
}

/** Runs a step as GitHub's runner does; without `shell: bash` the shell gets fewer flags. */
function step(name: string): Promise<Result> {
  const { run, shell, env: own } = stepOf(name);
  const env = Object.fromEntries(Object.entries({ ...job.env, ...own }).map(([key, value]) => [key, filled(value)]));
  return bash(
    checkout,
    run!,
    { ...env, GITHUB_STEP_SUMMARY: summary },
    shell === "bash" ? ["--noprofile", "--norc", "-eo", "pipefail"] : ["-e"],
  );
}

/** Previews a pull request; resolves with the exit code and the job's summary. */
async function preview(): Promise<{ code: number | undefined; said: string }> {
  writeFileSync(summary, "");
  const { code, output } = await step("Preview");
  const said = readFileSync(summary, "utf8");
  expect(said, output).toMatch(/^```\n[^]*\n```\n$/);
  return { code, said };
}

/** Names of all resources in the account; an elastic IP's is its description. */
function things(): string[] {
  const { instances, elasticIps, templates, sshKeys, securityGroups, antiAffinityGroups } = zone.zone.state;
  const named = [instances, templates, securityGroups, antiAffinityGroups].flatMap((each) =>
    [...each.values()].map(({ name }) => name),
  );
  return [...named, ...sshKeys.keys(), ...[...elasticIps.values()].map(({ description }) => description ?? "")].sort();
}

/** Names of the resources with a cluster's label. */
function labelled(cluster: string): string[] {
  const { instances, elasticIps } = zone.zone.state;
  return [
    ...[...instances.values()].filter(({ labels }) => labels.cluster === cluster).map(({ name }) => name),
    ...[...elasticIps.values()]
      .filter(({ labels }) => labels.cluster === cluster)
      .map(({ description }) => description ?? ""),
  ].sort();
}

// Each test continues where the one before it ended.

test("the workflow's packages are installed", async () => {
  const { code, output } = await step("Packages");
  expect(code, output).toBe(0);
});

test("README's commands create a cluster", async () => {
  const section = /^## On the real Exoscale$[^]*?(?=^## )/m.exec(readFileSync(join(root, "README.md"), "utf8"))![0];
  const typed = blocks(section, "")
    .flatMap((block) => block.trim().split("\n"))
    .map((line) => line.replace(/\s+#.*/, "").replace(/\b[A-Z]\w+\b/g, (word) => given[word] ?? word));
  const configuring = typed.filter((line) => /^pulumi (stack init|config set) /.test(line));
  expect(configuring).toHaveLength(6);
  for (const line of configuring) await type(line);
  // Only the API's address makes it the local zone; there are no machines to wait for.
  await type(`pulumi config set apiEndpoint ${zone.url} && pulumi config set waitFor instances`);
  expect(typed).toContain("pulumi up");
  await type("pulumi up --yes --skip-preview");
  expect([...zone.zone.state.instances.values()].map(({ name, state }) => [name, state]).sort()).toEqual(
    ["master-1", "master-2", "master-3", "worker-1", "worker-2", "worker-3"].map((name) => [`prod-${name}`, "running"]),
  );
  expect(labelled("prod")).toEqual(things().filter((name) => /^prod-(master|worker)-\d$|^prod-api$/.test(name)));
  expect(typed.at(-1)).toBe("(umask 077 && pulumi stack output kubeconfig --show-secrets >kubeconfig)");
  await type(typed.at(-1)!);
  expect(readFileSync(join(checkout, "kubeconfig"), "utf8")).toContain("current-context: prod");
  expect(statSync(join(checkout, "kubeconfig")).mode & 0o777).toBe(0o600);
});

test("a pull request without changes says so, without an API call and without a secret", async () => {
  const before = zone.zone.apiCalls;
  const { code, said } = await preview();
  expect(code).toBe(0);
  expect(said).toMatch(/\d+ unchanged/);
  expect(said).not.toMatch(/to (create|update|replace|delete)|PRIVATE KEY|-master-1 /);
  expect(zone.zone.apiCalls).toBe(before);
});

test("the preview of a pull request that adds a worker shows it and changes nothing", async () => {
  await type("pulumi config set desiredWorkers 4");
  const { code, said } = await preview();
  expect(code).toBe(0);
  expect(said).toMatch(/\+ .*prod-worker-4 +create/);
  expect(said).not.toMatch(/to (update|replace|delete)|PRIVATE KEY/);
  expect(zone.zone.state.instances.size).toBe(6);
});

test("the preview of an impossible change fails with the reason", async () => {
  await type("pulumi config set masters 5");
  const { code, said } = await preview();
  expect(code).not.toBe(0);
  expect(said).toContain("masters cannot change from 3 to 5 while the cluster lives");
});

test("a second stack in the same organization does not touch the first", async () => {
  await type("pulumi config set masters 3 && pulumi config set desiredWorkers 3");
  const first = things();
  await type(
    "pulumi stack init prod-2 --copy-config-from prod && pulumi config set desiredWorkers 1 && pulumi up --yes --skip-preview",
    "prod-2",
  );
  expect(labelled("prod-2")).toEqual([
    "prod-2-api",
    "prod-2-master-1",
    "prod-2-master-2",
    "prod-2-master-3",
    "prod-2-worker-1",
  ]);
  expect(
    things()
      .filter((name) => !first.includes(name))
      .map((name) => name.replace(/-[0-9a-f]{16}$/, "-TOKEN"))
      .sort(),
  ).toEqual([
    "prod-2",
    "prod-2-TOKEN",
    "prod-2-api",
    "prod-2-master-1",
    "prod-2-master-2",
    "prod-2-master-3",
    "prod-2-masters",
    "prod-2-masters",
    "prod-2-worker-1",
    "prod-2-workers",
  ]);
  await type("pulumi destroy --yes --skip-preview", "prod-2");
  expect(things()).toEqual(first);
  await type("pulumi preview --refresh --expect-no-changes");
});

test("destroy leaves nothing", async () => {
  await type("pulumi destroy --yes --skip-preview");
  expect(things()).toEqual(["default"]);
});
