/** The provider under Pulumi's engine, against the local zone's API without machines. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";

import { root } from "../toolchain/paths.ts";
import { startApi, type TestApi } from "../zone/testing/zone.ts";

const directory = mkdtempSync(join(tmpdir(), "engine-"));
const keys = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
const secret = "Tr0ub4dor-of-the-user-data";

/** One resource of each type, and two workers. Creation tokens are names here: the components generate real ones. */
const program = `
import * as exoscale from "./provider/index.ts";
const { endpoint, masters, userData, workers, image, type, privateKey, publicKey } = JSON.parse(process.env.SETTINGS);
const shape = new exoscale.ClusterShape("kube", { zone: "local-1", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/16", masters });
const api = { endpoint, zone: shape.zone };
const template = new exoscale.Template("kube", {
  api, name: image, url: "https://images.example/a.qcow2", checksum: "0123456789abcdef0123456789abcdef", bootMode: "uefi", defaultUser: "core", token: image,
});
const key = new exoscale.SshKey("kube", { api, name: "kube", publicKey });
const apart = new exoscale.AntiAffinityGroup("kube", { api, name: "kube", token: "t" });
const group = new exoscale.SecurityGroup("kube", { api, name: "kube", token: "t" });
const rules = new exoscale.SecurityGroupRules("kube", { api, securityGroup: group.id, rules: [
  { direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, network: "0.0.0.0/0", description: "ssh" },
  { direction: "ingress", protocol: "udp", startPort: 8472, endPort: 8472, securityGroup: group.id, description: "vxlan" },
] });
const address = new exoscale.ElasticIp("kube", {
  api, name: "kube", token: "t", labels: { cluster: "kube" },
  healthcheck: { mode: "https", port: 6443, uri: "/readyz", interval: 10, timeout: 3, strikesOk: 2, strikesFail: 3, tlsSkipVerify: true },
});
for (let i = 1; i <= workers; i++) {
  const name = "kube-worker-" + i;
  const instance = new exoscale.Instance(name, {
    api, name, token: name, type, template: template.id, diskSize: 50, sshKey: key.id,
    securityGroups: [group.id], antiAffinityGroups: [apart.id], elasticIps: [address.id], labels: { cluster: "kube" },
  }, { dependsOn: rules });
  new exoscale.Boot(name, {
    api, name, instance: instance.id, userData, type, template: template.id, diskSize: 50, kind: "worker", group: "workers", maxUnavailable: 1, waitFor: "instances",
    ssh: { host: instance.publicIp, user: "core", privateKey, hostKey: publicKey },
  });
}
export const ip = address.ip;
`;

let zone: TestApi;
const settings = {
  endpoint: "",
  masters: 3,
  workers: 2,
  userData: `#cloud-config\n# ${secret}\n`,
  image: "kube",
  type: "standard.medium",
  privateKey: keys.private,
  publicKey: keys.public,
};

beforeAll(async () => {
  zone = await startApi();
  settings.endpoint = zone.url;
  for (const each of ["exoscale", "node", "provider", "node_modules"])
    symlinkSync(join(root, each), join(directory, each));
  mkdirSync(join(directory, "state"));
  writeFileSync(
    join(directory, "package.json"),
    '{"name":"kubernetes-on-exoscale","type":"module","exports":{"./exoscale/provider.ts":"./provider/handlers.ts"}}',
  );
  writeFileSync(
    join(directory, "Pulumi.yaml"),
    "name: engine\nmain: index.ts\nruntime: {name: nodejs, options: {typescript: false}}\n",
  );
  writeFileSync(join(directory, "index.ts"), program);
  await pulumi(["stack", "init", "test"]);
});
afterAll(async () => {
  await zone.close();
  rmSync(directory, { recursive: true });
});

/** Runs the CLI; resolves with its exit code and output. */
async function pulumi(args: string[], env: Record<string, string> = {}): Promise<{ code: number; output: string }> {
  const bin = join(root, ".local", "bin");
  const { exitCode, stdout, stderr } = await execa(join(bin, "pulumi"), [...args, "--non-interactive"], {
    cwd: directory,
    env: {
      PATH: `${join(root, "node_modules", ".bin")}:${bin}:${process.env.PATH}`,
      HOME: directory,
      PULUMI_HOME: join(directory, "home"),
      PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      EXOSCALE_API_KEY: zone.key,
      EXOSCALE_API_SECRET: zone.secret,
      SETTINGS: JSON.stringify(settings),
      ...env,
    },
    stdin: "ignore",
    stripFinalNewline: false,
    reject: false,
  });
  return { code: exitCode ?? 1, output: stdout + stderr };
}

async function expectSuccess(args: string[], env?: Record<string, string>): Promise<string> {
  const { code, output } = await pulumi(args, env);
  expect(code, output).toBe(0);
  return output;
}

const up = ["up", "--yes", "--skip-preview"];
/** No credentials: any API call would fail. */
const nobody = { EXOSCALE_API_KEY: "", EXOSCALE_API_SECRET: "" };
const instances = () => [...zone.zone.state.instances.values()];
const stateFile = () => readFileSync(join(directory, "state", ".pulumi", "stacks", "engine", "test.json"), "utf8");

// Each test continues where the one before it ended.

test("a failed creation is finished by the next run", async () => {
  zone.faults.add({ kind: "operation-fails", route: "attach-instance-to-elastic-ip", count: 1 });
  const { code, output } = await pulumi(up);
  expect(code).not.toBe(0);
  expect(output).toMatch(/elastic IP of instance kube-worker-\d to be attached: the operation ended in failure: fault/);
  const output2 = await expectSuccess(up);
  expect(output2).not.toContain("replaced");
  expect(instances()).toHaveLength(2);
  expect(instances().map(({ state, elasticIps }) => [state, elasticIps.length])).toEqual([
    ["running", 1],
    ["running", 1],
  ]);
});

test("an unchanged stack has no diff, and a preview makes no API call", async () => {
  await expectSuccess(["preview", "--expect-no-changes"], nobody);
  await expectSuccess(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
  await expectSuccess(["up", "--yes", "--expect-no-changes"], nobody);
});

test("the state holds no secret and no serialized provider code", () => {
  const state = stateFile();
  for (const hidden of [secret, "PRIVATE KEY", zone.secret, Buffer.from(secret).toString("base64").slice(4, -8)])
    expect(state).not.toContain(hidden);
  const { resources } = (
    JSON.parse(state) as { checkpoint: { latest: { resources: { inputs?: { __provider?: string } }[] } } }
  ).checkpoint.latest;
  for (const { inputs } of resources) expect(inputs?.__provider?.length ?? 0).toBeLessThan(300);
});

test("a refresh shows drift, and the next run repairs only that", async () => {
  const [first, second] = instances();
  zone.zone.state.write((write) => {
    write.put("instances", { ...first!, state: "stopped", name: "by-hand" });
    write.put("instances", { ...second!, elasticIps: [] });
  });
  const shown = await pulumi(["preview", "--refresh", "--diff", "--expect-no-changes"]);
  expect(shown.code).not.toBe(0);
  expect(shown.output).toMatch(/~ name +: "by-hand" => "kube-worker-/);
  expect(shown.output).toMatch(/~ 3 to update/);
  // An instance's update keeps its address known, and so everything that depends on it.
  expect(shown.output).not.toContain("[unknown]");
  await expectSuccess([...up, "--refresh"]);
  expect(instances()).toEqual([first, second]);
});

test("an instance deleted by hand is created again", async () => {
  const [first] = instances();
  zone.zone.state.write((write) => write.delete("instances", first!.id));
  await expectSuccess([...up, "--refresh"]);
  expect(
    instances()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["kube-worker-1", "kube-worker-2"]);
  await expectSuccess(["preview", "--expect-no-changes"]);
});

test("new user-data is applied in place, and an impossible change is refused with the reason", async () => {
  settings.userData += "# more\n";
  const preview = await expectSuccess(["preview"], nobody);
  for (const name of ["kube-worker-1", "kube-worker-2"]) {
    expect(preview).toContain(`${name} will be drained and rebooted.`);
    // Secret inputs show no diff.
    expect(preview).toMatch(new RegExp(`Boot +${name} +update`));
  }
  const output = await expectSuccess(up);
  expect(output).toMatch(/~ 2 updated/);
  expect(instances().every(({ state }) => state === "running")).toBe(true);

  settings.masters = 5;
  const refused = await pulumi(["preview"]);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain(
    "masters cannot change from 3 to 5 while the cluster lives: members join and leave both etcds only one by one",
  );
  settings.masters = 3;
});

test("workers are rebuilt from another template and resized in place, as the preview says", async () => {
  const before = instances();
  settings.image = "kube-next";
  const preview = await expectSuccess(["preview"], nobody);
  for (const name of ["kube-worker-1", "kube-worker-2"]) {
    expect(preview).toContain(`${name} will be drained and rebuilt: nothing on its disk is kept.`);
    expect(preview).toMatch(new RegExp(`Boot +${name} +update +\\[diff: ~template\\]`));
  }
  expect(preview).not.toContain("exoscale:Instance ");
  await expectSuccess(up);
  const [template] = [...zone.zone.state.templates.keys()];
  expect(instances()).toEqual(before.map((each) => ({ ...each, template })));

  settings.type = "standard.large";
  expect(await expectSuccess(["preview"], nobody)).toContain(
    "kube-worker-2 will be drained, switched off and started again as standard.large with a disk of 50 GiB.",
  );
  await expectSuccess(up);
  expect(instances()).toMatchObject(
    before.map(({ id, address }) => ({ id, address, template, type: "standard.large", state: "running" })),
  );
  await expectSuccess(["up", "--yes", "--refresh", "--expect-no-changes"]);
});

test("another family of instance types is refused with a command that works", async () => {
  const before = instances();
  settings.type = "cpu.extra-large";
  const { code, output } = await pulumi(["preview"], nobody);
  expect(code).not.toBe(0);
  // The engine may ask either worker first.
  expect(output).toMatch(
    /kube-worker-\d cannot change from standard\.large to cpu\.extra-large: on Exoscale an instance stays within its family\. Set it back to standard\.large, or/,
  );
  expect(instances()).toEqual(before);
  // The creation tokens are names here, so the instances have to be replaced by name.
  await expectSuccess([...up, "--replace", "**exoscale:Instance::kube-worker-*"]);
  expect(instances()).toMatchObject([
    { type: "cpu.extra-large", state: "running" },
    { type: "cpu.extra-large", state: "running" },
  ]);
  await expectSuccess(["preview", "--expect-no-changes"], nobody);
});

test("a removed worker is deleted, and destroy deletes everything", async () => {
  settings.workers = 1;
  await expectSuccess(up);
  expect(instances().map(({ name }) => name)).toEqual(["kube-worker-1"]);
  await expectSuccess(["destroy", "--yes", "--skip-preview"]);
  const { state } = zone.zone;
  expect([
    state.instances.size,
    state.templates.size,
    state.sshKeys.size,
    state.elasticIps.size,
    state.antiAffinityGroups.size,
    state.securityGroups.size,
  ]).toEqual([0, 0, 0, 0, 0, 1]);
});
