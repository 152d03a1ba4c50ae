/**
 * What README says of the real Exoscale, typed as it stands there, against the local zone's API without machines; then
 * the workflow that previews pull requests, step by step as GitHub would run them, in a fresh checkout.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse } from "yaml";

import { startApi, type TestApi } from "../zone/testing.ts";

interface Step {
  readonly name?: string;
  readonly shell?: string;
  readonly run?: string;
}
interface Job {
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

// Packages are installed, and a CLI runs ten times: more than other tests on this host do.
vi.setConfig({ testTimeout: 600_000 });

const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "workflow-"));
const checkout = join(directory, "checkout");
const summary = join(directory, "summary");
const bin = join(root, ".local", "bin");
/** In place of what README leaves to the reader. */
const given: Readonly<Record<string, string>> = { VERSION: "4757.2.0", MD5: "0123456789abcdef0123456789abcdef" };

const { preview: job } = (parse(readFileSync(join(root, ".github/workflows/preview.yaml"), "utf8")) as { jobs: { preview: Job } }).jobs;
/** What the repository's variables and secrets would say. */
const settings: Readonly<Record<string, string>> = {
  "vars.PULUMI_STACK": "prod",
  "vars.PULUMI_BACKEND_URL": `file://${join(directory, "state")}`,
  "secrets.PULUMI_CONFIG_PASSPHRASE": "of the test",
};
const filled = (value: string): string => value.replace(/\$\{\{ (.+?) \}\}/g, (_, name: string) => settings[name] ?? "");

/** A runner's: nothing of the user's own. */
const machine = {
  PATH: `${join(root, "node_modules", ".bin")}:${bin}:${process.env.PATH}`,
  HOME: directory,
  PULUMI_HOME: join(directory, "home"),
  PULUMI_SKIP_UPDATE_CHECK: "true",
  // A CLI of the user's own fetches its plugins.
  ...(existsSync(join(bin, "pulumi")) && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
  // Where npm finds its packages, and keeps them.
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^npm_config_/i.test(name))),
  npm_config_userconfig: join(process.env.HOME ?? "/root", ".npmrc"),
  npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? "/root", ".npm"),
};

let zone: TestApi;

beforeAll(async () => {
  zone = await startApi();
  const left = new Set(["node_modules", ".local", ".git", "test-results"]);
  cpSync(root, checkout, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
  cpSync(join(root, ".local", "pulumi", "plugins"), join(machine.PULUMI_HOME, "plugins"), { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(directory, "state"));
});
afterAll(async () => {
  await zone.close();
  rmSync(directory, { recursive: true });
});

/** Runs a script in the checkout; resolves with its exit code and all it printed. */
function bash(flags: readonly string[], script: string, env: Readonly<Record<string, string>>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", [...flags, "-c", script], { cwd: checkout, env: { ...machine, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** A user at his machine. */
async function type(command: string): Promise<string> {
  const env = Object.fromEntries(["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"].map((name) => [name, filled(job.env[name]!)]));
  const { code, output } = await bash(["-e"], command, {
    ...env, PULUMI_STACK: "prod", EXOSCALE_API_KEY: zone.key, EXOSCALE_API_SECRET: zone.secret,
  });
  expect(code, `${command}\n${output}`).toBe(0);
  return output;
}

/** A step as GitHub's runner starts it; the shell that a step does not name is given fewer flags. */
function step(name: string): Promise<{ code: number | null; output: string }> {
  const { run, shell } = job.steps.find((each) => each.name === name)!;
  const env = Object.fromEntries(Object.entries(job.env).map(([key, value]) => [key, filled(value)]));
  return bash(shell === "bash" ? ["--noprofile", "--norc", "-eo", "pipefail"] : ["-e"], run!, { ...env, GITHUB_STEP_SUMMARY: summary });
}

/** The preview of a pull request: its exit code, and what the job's summary says. */
async function preview(): Promise<{ code: number | null; said: string }> {
  writeFileSync(summary, "");
  const { code, output } = await step("Preview");
  const said = readFileSync(summary, "utf8");
  expect(said, output).toMatch(/^```\n[^]*\n```\n$/);
  return { code, said };
}

// Each test goes on where the one before it ended.

test("the workflow's packages are installed", async () => {
  const { code, output } = await step("Packages");
  expect(code, output).toBe(0);
});

test("README's commands make a cluster", async () => {
  const section = /^## On the real Exoscale$[^]*?(?=^## )/m.exec(readFileSync(join(root, "README.md"), "utf8"))![0];
  const typed = [...section.matchAll(/^```\n([^]*?)^```$/gm)].flatMap(([, block]) => block!.trim().split("\n"))
    .map((line) => line.replace(/\s+#.*/, "").replace(/\b[A-Z]\w+\b/g, (word) => given[word] ?? word));
  const configuring = typed.filter((line) => /^pulumi (stack init|config set) /.test(line));
  expect(configuring).toHaveLength(6);
  for (const line of configuring) await type(line);
  // The API's address is all that makes it the local zone; there are no machines to wait for.
  await type(`pulumi config set apiEndpoint ${zone.url} && pulumi config set waitFor instances`);
  expect(typed).toContain("pulumi up");
  await type("pulumi up --yes --skip-preview");
  expect([...zone.zone.state.instances.values()].map(({ name, state }) => [name, state]).sort()).toEqual(
    ["master-1", "master-2", "master-3", "worker-1", "worker-2", "worker-3"].map((name) => [`prod-${name}`, "running"]),
  );
  expect([...zone.zone.state.instances.values()].every(({ labels }) => labels.cluster === "prod")).toBe(true);
  expect(typed.at(-1)).toBe("pulumi stack output kubeconfig --show-secrets >kubeconfig");
  await type(typed.at(-1)!);
  expect(readFileSync(join(checkout, "kubeconfig"), "utf8")).toContain("current-context: prod");
});

test("a pull request that changes nothing is told so, without a call and without a secret", async () => {
  const before = zone.zone.apiCalls;
  const { code, said } = await preview();
  expect(code).toBe(0);
  expect(said).toMatch(/\d+ unchanged/);
  expect(said).not.toMatch(/to (create|update|replace|delete)|PRIVATE KEY|-master-1 /);
  expect(zone.zone.apiCalls).toBe(before);
});

test("one that adds a worker is shown the worker, and nothing happens", async () => {
  await type("pulumi config set desiredWorkers 4");
  const { code, said } = await preview();
  expect(code).toBe(0);
  expect(said).toMatch(/\+ .*prod-worker-4 +create/);
  expect(said).not.toMatch(/to (update|replace|delete)|PRIVATE KEY/);
  expect(zone.zone.state.instances.size).toBe(6);
});

test("one that cannot be used fails, with the reason", async () => {
  await type("pulumi config set masters 5");
  const { code, said } = await preview();
  expect(code).not.toBe(0);
  expect(said).toContain("masters cannot change from 3 to 5 while the cluster lives");
});

test("and in the end nothing is left", async () => {
  await type("pulumi config set masters 3 && pulumi destroy --yes --skip-preview");
  const { state } = zone.zone;
  expect([state.instances.size, state.templates.size, state.sshKeys.size, state.elasticIps.size, state.antiAffinityGroups.size]).toEqual([0, 0, 0, 0, 0]);
});
