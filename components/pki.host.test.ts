/** The state of real keys: Pulumi's own engine, with the tls and random plugins. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "pki-"));
afterAll(() => rmSync(directory, { recursive: true }));

const program = `
import * as pulumi from "@pulumi/pulumi";
import { Pki } from "./components/pki.ts";
const pki = new Pki("dev", { serviceCIDR: "10.96.0.0/16", leafValidity: 48, renewBefore: 12, caValidity: 96, caReplacement: 0 });
export const keys = pki.encryptionKeys(pulumi.output("derived"));
`;

const bin = join(root, ".local", "bin");
const pulumi = (...args: string[]) =>
  execa(join(bin, "pulumi"), [...args, "--non-interactive"], {
    cwd: directory,
    env: {
      PATH: `${join(root, "node_modules", ".bin")}:${bin}:${process.env.PATH}`,
      HOME: directory,
      PULUMI_HOME: join(directory, "home"),
      PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  });

test("a state has the keys that encrypt Secrets, and what they are made from, in no clear part", async () => {
  for (const each of ["components", "exoscale", "ignition", "node", "provider", "node_modules"])
    symlinkSync(join(root, each), join(directory, each));
  for (const each of ["ports.ts", "versions.ts"]) symlinkSync(join(root, each), join(directory, each));
  for (const each of ["state", "home"]) mkdirSync(join(directory, each));
  symlinkSync(join(root, ".local", "pulumi", "plugins"), join(directory, "home", "plugins"));
  writeFileSync(
    join(directory, "package.json"),
    '{"name":"kubernetes-on-exoscale","type":"module","exports":{"./exoscale/provider.ts":"./provider/handlers.ts"}}',
  );
  writeFileSync(
    join(directory, "Pulumi.yaml"),
    "name: pki\nmain: index.ts\nruntime: {name: nodejs, options: {typescript: false}}\n",
  );
  writeFileSync(join(directory, "index.ts"), program);
  await pulumi("stack", "init", "test");
  await pulumi("up", "--yes", "--skip-preview");

  const { stdout } = await pulumi("stack", "output", "--json", "--show-secrets");
  const { keys } = JSON.parse(stdout) as { keys: { name: string; secret: string }[] };
  expect(keys.map(({ name }) => name)).toEqual(["key1", "random"]);
  const exported = await pulumi("stack", "export", "--show-secrets");
  const { resources } = (JSON.parse(exported.stdout) as { deployment: { resources: Exported[] } }).deployment;
  const { result } = resources.find(({ type }) => type === "random:index/randomPassword:RandomPassword")!.outputs!;
  const password = JSON.parse((result as { plaintext: string }).plaintext) as string;
  expect(password).toMatch(/^[A-Za-z0-9]{64}$/);

  const state = readFileSync(join(directory, "state", ".pulumi", "stacks", "pki", "test.json"), "utf8");
  const secrets = keys.map(({ secret }) => secret);
  for (const secret of [...secrets, ...secrets.map(hex), password, "PRIVATE KEY"]) {
    expect(exported.stdout + hex(secrets[0]!) + hex(secrets[1]!)).toContain(secret);
    expect(state).not.toContain(secret);
  }
});

interface Exported {
  readonly type: string;
  readonly outputs?: Record<string, unknown>;
}

const hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");
