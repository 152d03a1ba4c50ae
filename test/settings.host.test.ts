/** Settings and credentials as people get them wrong, under the real engine, in a zone without machines. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { diagnosticsOf } from "./diagnostics.ts";
import { destroy, instancesOnly, Sandbox, up, withoutMachines } from "./sandbox/sandbox.ts";

vi.setConfig({ testTimeout: 300_000 });

const name = "settings";
let sandbox: Sandbox;
let settings: string;
/** The zone's credentials, which `bin/pulumi` takes from a file. */
const credentials = { key: "", secret: "" };
let home: string;
const file = (path: string) => join(sandbox.checkout, path);

beforeAll(async () => {
  sandbox = await Sandbox.open(name, withoutMachines(name), instancesOnly);
  settings = readFileSync(file(`Pulumi.${name}.yaml`), "utf8");
  const text = readFileSync(file(".local/zone/credentials"), "utf8");
  credentials.key = /EXOSCALE_API_KEY='?([\w-]+)/.exec(text)![1]!;
  credentials.secret = /EXOSCALE_API_SECRET='?([\w-]+)/.exec(text)![1]!;
  rmSync(file(".local/zone/credentials"));
  home = join(sandbox.directory, "home");
  mkdirSync(home);
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

/** Errors among Pulumi's diagnostics; each may have several lines. */
function errorsIn(output: string): string[] {
  return [...diagnosticsOf(output).matchAll(/^ {4}error: ([^]*?)\n(?=\s*\n| {4}error: |$)/gm)]
    .map(([, error]) => error!)
    .filter((error) => error !== "update failed");
}

/** Runs `bin/pulumi` as somebody with this home, and returns the errors. */
async function errorsOf(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { output } = await sandbox.stack.run(args, { env: { HOME: home, XDG_CONFIG_HOME: "", ...env } });
  expect(output).not.toContain(credentials.secret);
  return errorsIn(output);
}

function configure(values: Readonly<Record<string, unknown>>): void {
  writeFileSync(file(`Pulumi.${name}.yaml`), settings);
  sandbox.stack.configure(values);
}

test("every wrong setting is said once and together, and no call is made", async () => {
  configure({
    timeZone: "europe/zurich",
    sshSources: Array.from({ length: 30 }, (_, i) => `10.0.${i}.1/24`),
    template: { ...instancesOnly.template, checksum: "/dev/zero" },
    mirror: { ca: "bin", files: "mirror.example" },
    workerDisk: "055",
  });
  expect(await errorsOf(up)).toEqual([
    [
      `the configuration of stack ${name} cannot be used:`,
      "workerDisk: must be a whole number from 10 to 51200, without zeros or a sign before it",
      "  for example: pulumi config set workerDisk 50",
      "sshSources[0] and 29 more: must be an IPv4 network without host bits",
      "  for example: pulumi config set --path 'sshSources[0]' 10.0.0.0/24",
      "timeZone: must be a time zone's IANA name, as tzdata spells it",
      "  for example: pulumi config set timeZone Europe/Zurich",
      "mirror.files: must be an http or https URL without a slash at its end",
      "  for example: pulumi config set --path mirror.files https://mirror.example",
      "template.checksum: /dev/zero is a device, and no file",
    ].join("\n      "),
  ]);
  expect(sandbox.stack.resources().filter(({ type }) => type.includes("exoscale"))).toEqual([]);
});

test("without credentials it is said once", async () => {
  configure({});
  const errors = await errorsOf(up);
  const inFull = `which writes ${home}/.config/exoscale/exoscale.toml`;
  expect(errors.filter((error) => error.includes(inFull))).toHaveLength(1);
  for (const error of errors) expect(error).toContain("No Exoscale credentials");
});

test("the exo CLI's configuration is used: where EXOSCALE_CONFIG says, with a secretCommand that runs once", async () => {
  const log = join(home, "log");
  writeFileSync(
    join(home, "mine.toml"),
    `defaultAccount = "good"
[[accounts]]
name = "good"
key = "${credentials.key}"
secretCommand = ["sh", "-c", "echo run >> ${log}; echo ${credentials.secret}"]
[[accounts]]
name = "broken"
key = "${credentials.key}"
secretCommand = ["sh", "-c", "echo ${credentials.secret} >&2; exit 4"]
`,
  );
  const env = { EXOSCALE_CONFIG: join(home, "mine.toml") };
  expect(await errorsOf(up, { ...env, EXOSCALE_ACCOUNT: "broken" })).toEqual([
    `The account "broken" in ${home}/mine.toml has a secretCommand, sh, which failed with exit code 4. Run it in a terminal to see why.`,
  ]);
  expect(await errorsOf(up, env)).toEqual([]);
  expect(sandbox.stack.resources().filter(({ type }) => type.endsWith(":Instance"))).toHaveLength(6);
  expect(readFileSync(log, "utf8")).toBe("run\n");
});

test("a type that does not exist is said in full once, however many workers have it", async () => {
  configure({ workerType: "standard.mega2", desiredWorkers: 12 });
  const errors = await errorsOf(up, { EXOSCALE_CONFIG: join(home, "mine.toml") });
  const about = errors.filter((error) => error.includes("standard.mega2"));
  expect(about.length).toBeGreaterThan(1);
  expect(about.filter((error) => error.includes("there are cpu.extra-large"))).toHaveLength(1);
});

test("credentials that are gone are said in full once, by a refresh and a destroy, too", async () => {
  configure({});
  for (const args of [["refresh", "--yes", "--skip-preview", "--non-interactive"], destroy]) {
    const errors = await errorsOf(args);
    expect(errors.length).toBeGreaterThan(1);
    expect(errors.filter((error) => error.includes("EXOSCALE_API_KEY"))).toHaveLength(1);
    for (const error of errors) expect(error).toContain("No Exoscale credentials");
  }
});

test("a network of pods with the cluster's own addresses is refused", async () => {
  const env = { EXOSCALE_CONFIG: join(home, "mine.toml") };
  expect(await errorsOf(destroy, env)).toEqual([]);
  configure({ podCIDR: "198.19.0.0/16" });
  expect(await errorsOf(up, env)).toEqual([
    expect.stringMatching(/^The elastic IP got the address 198\.19\.\S+, which is in podCIDR 198\.19\.0\.0\/16: /),
  ]);
  expect(await errorsOf(destroy, env)).toEqual([]);
});
