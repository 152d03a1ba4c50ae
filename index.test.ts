import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { releaseNetworkCommand } from "./node/remote/scripts.ts";
import { byName, run, settled, type Registered } from "./components/testing/engine.ts";
import { decodeUserData } from "./exoscale/user-data.ts";
import { userDataSize } from "./ignition/index.ts";
import { configure, program } from "./test/program.ts";

/** The program with nothing but what is required. */
let plain: Awaited<ReturnType<typeof program>>;
beforeAll(async () => {
  plain = await program();
}, 60_000);

const key = ({ type, name }: Registered) => `${type} ${name}`;

test("six nodes, their names, what each costs", async () => {
  const { resources, result } = plain;
  expect(Object.keys(byName(resources, "Instance")).sort()).toEqual([
    "dev-master-1",
    "dev-master-2",
    "dev-master-3",
    "dev-worker-1",
    "dev-worker-2",
    "dev-worker-3",
  ]);
  const ofWorker = resources
    .filter(({ name }) => name.startsWith("dev-worker-2"))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
  expect(ofWorker.sort()).toEqual([
    "Boot dev-worker-2",
    "CertRequest dev-worker-2",
    "CertRequest dev-worker-2-infra-etcd",
    "Claim dev-worker-2-instance",
    "Command dev-worker-2-node",
    "Command dev-worker-2-ready",
    "Instance dev-worker-2",
    "LocallySignedCert dev-worker-2-infra-etcd",
    "LocallySignedCert dev-worker-2-kubelet",
    "PrivateKey dev-worker-2",
    "PrivateKey dev-worker-2-host-key",
  ]);
  expect((await settled(pulumi.output(result.nodes))).value).toMatchObject({
    "dev-master-1": { role: "master", address: "198.51.100.11", hostKey: "ecdsa-sha2-nistp256 dev-master-host-key" },
    "dev-worker-3": { role: "worker", address: "198.51.100.23", hostKey: "ecdsa-sha2-nistp256 dev-worker-3-host-key" },
  });
});

test("an error has its stack trace, the one that Pulumi records for each resource is left out", () => {
  expect(new Error("wrong").stack).toMatch(/^Error: wrong\n    at .*index\.test\.ts/);
  expect(new Error().stack).toBe("Error");
});

test("masters are behind the elastic IP and are never rebuilt, workers are", () => {
  const { resources } = plain;
  const instances = byName(resources, "Instance");
  expect(instances["dev-master-1"]).toMatchObject({
    elasticIps: ["dev-api-id"],
    antiAffinityGroups: ["dev-masters-id"],
    securityGroups: ["dev-masters-id"],
    labels: { cluster: "dev", role: "master" },
    sshKey: "dev",
    template: "dev-id",
    token: "dev-master-1-instance-id",
  });
  expect(instances["dev-worker-1"]).toMatchObject({
    elasticIps: [],
    antiAffinityGroups: [],
    securityGroups: ["dev-workers-id"],
  });
  const boots = byName(resources, "Boot");
  expect(boots["dev-master-2"]).toMatchObject({
    name: "dev-master-2",
    kind: "master",
    group: "dev-masters",
    maxUnavailable: 1,
    type: "standard.medium",
    diskSize: 50,
  });
  expect(boots["dev-master-2"].template).toBeUndefined();
  // On its own way: SSH may be closed where the API is open.
  expect(boots["dev-master-2"].kubernetes).toMatchObject({ server: "https://198.51.100.99:6443" });
  expect(boots["dev-worker-2"]).toMatchObject({
    name: "dev-worker-2",
    kind: "worker",
    group: "dev-workers",
    type: "standard.medium",
    diskSize: 50,
    template: "dev-id",
  });
});

test("rules between groups name the groups", () => {
  const { rules } = byName(plain.resources, "SecurityGroupRules")["dev-workers"];
  const peers = rules.map(
    ({ securityGroup, network }: { securityGroup?: string; network?: string }) => securityGroup ?? network,
  );
  expect(new Set(peers)).toEqual(new Set(["203.0.113.7/32", "dev-masters-id", "dev-workers-id"]));
});

/** Who may register. */
const isNodeList = ({ type, name }: { type: string; name: string }) =>
  type.endsWith(":ConfigMap") && name === "dev-nodes";

test("scaling changes only what belongs to the new workers, and who may register", async () => {
  const before = plain.resources;
  const after = (await program({ desiredWorkers: "5" })).resources;
  const known = new Map(before.map((resource) => [key(resource), resource.inputs]));
  const added = after.filter((resource) => !known.has(key(resource)));
  for (const { name } of added) expect(name).toMatch(/^dev-worker-[45]/);
  expect(added).toHaveLength(22);
  for (const resource of after.filter((resource) => known.has(key(resource)) && !isNodeList(resource))) {
    expect(resource.inputs, key(resource)).toEqual(known.get(key(resource)));
  }
  expect(Object.keys(after.find(isNodeList)!.inputs["data"] as object)).toContain("dev-worker-5");
  expect(after).toHaveLength(before.length + added.length);
});

test("a worker that is removed by its name takes nothing with it but its own, and cannot register again", async () => {
  const after = (await program({ desiredWorkers: "2", removedWorkers: '["dev-worker-2"]' })).resources;
  const left = new Map(after.map((resource) => [key(resource), resource.inputs]));
  const gone = plain.resources.filter((resource) => !left.has(key(resource)));
  for (const { name } of gone) expect(name).toMatch(/^dev-worker-2/);
  expect(gone).toHaveLength(11);
  expect(after).toHaveLength(plain.resources.length - gone.length);
  expect(Object.keys(after.find(isNodeList)!.inputs["data"] as object)).not.toContain("dev-worker-2");
  for (const resource of plain.resources.filter((resource) => left.has(key(resource)) && !isNodeList(resource)))
    expect(left.get(key(resource)), key(resource)).toEqual(resource.inputs);
});

test("nodes are waited for at their own addresses, where no health check of the elastic IP ends a connection", async () => {
  const commands = byName(plain.resources, "Command");
  expect(commands["dev-worker-2-ready"]).toMatchObject({
    create: "sudo bash /run/kubernetes/bin/wait-ready 900 --cordoned",
    connection: { host: "198.51.100.22", user: "core", hostKey: "ecdsa-sha2-nistp256 dev-worker-2-host-key" },
    triggers: ["dev-worker-2-id"],
  });
  expect(commands["dev-master-2-ready"]).toMatchObject({
    create: "sudo bash /run/kubernetes/bin/wait-ready && sudo bash /run/kubernetes/bin/node-join dev-master-2 master",
    connection: { host: "198.51.100.12", hostKey: "ecdsa-sha2-nistp256 dev-master-host-key" },
  });
});

test("a worker's Node object is joined and removed through the elastic IP, with the pinned host key", async () => {
  const { resources } = await program({ drainTimeout: "90s" });
  expect(byName(resources, "Command")["dev-worker-2-node"]).toMatchObject({
    create: "sudo bash /run/kubernetes/bin/node-join dev-worker-2 worker",
    delete: `sudo bash /run/kubernetes/bin/node-remove dev-worker-2 90 && ${releaseNetworkCommand("198.51.100.22")}`,
    logging: "stdoutAndStderr",
    connection: { host: "198.51.100.99", user: "core", hostKey: "ecdsa-sha2-nistp256 dev-master-host-key" },
    triggers: ["dev-worker-2-id"],
  });
});

test("nodes ask for the reboot lock through the elastic IP, and drain as long as is set", async () => {
  const { resources } = await program({ drainTimeout: "90s" });
  const masters = { host: "198.51.100.99", hostKey: "ecdsa-sha2-nistp256 dev-master-host-key" };
  for (const name of ["dev-master-1", "dev-worker-1"])
    expect(byName(resources, "Boot")[name]).toMatchObject({ masters, drainTimeout: 90 });
});

test("waitFor instances needs no cluster: no commands, no add-ons", async () => {
  const { resources } = await program({ waitFor: "instances" });
  expect(resources.filter(({ type }) => /^(command|kubernetes|pulumi:providers:kubernetes):/.test(type))).toEqual([]);
  expect(byName(resources, "Boot")["dev-worker-1"].waitFor).toBe("instances");
});

/** A master's EncryptionConfiguration, as its user-data has it. */
function encryptionOf(resources: readonly Registered[], master: string) {
  const { write_files: files } = parse(decodeUserData(byName(resources, "Boot")[master].userData));
  const { content } = files.find(({ path }: { path: string }) => path.endsWith("/encryption.yaml"));
  const [{ resources: kinds, providers }] = parse(content).resources;
  expect(kinds).toEqual(["secrets"]);
  return providers;
}

test.each([
  ["random", "a new cluster", ["random", "key1"]],
  ["derived", "a cluster of a release before", ["key1", "random"]],
] as const)("the %s key writes the Secrets of %s, both are readable", async (secretsKey, _, names) => {
  const { resources } = await program({}, { secretsKey });
  for (const master of ["dev-master-1", "dev-master-2", "dev-master-3"]) {
    const [{ secretbox }, ...others] = encryptionOf(resources, master);
    expect(secretbox.keys.map(({ name }: { name: string }) => name)).toEqual(names);
    expect(others).toEqual([{ identity: {} }]);
    for (const { secret } of secretbox.keys) expect(Buffer.from(secret, "base64")).toHaveLength(32);
    expect(encryptionOf(resources, "dev-master-1")).toEqual(encryptionOf(resources, master));
  }
});

test("user-data is measured as it is sent", () => {
  for (const { userData } of Object.values(byName(plain.resources, "Boot")))
    expect(userDataSize(decodeUserData(userData)).bytes).toBe(Buffer.from(userData, "base64").length);
});

test("whether a cluster is new is asked before there are instances", () => {
  const { resources } = plain;
  expect(byName(resources, "ClusterOrigin")).toEqual({
    dev: { api: { endpoint: "https://api-ch-gva-2.exoscale.com/v2", zone: "ch-gva-2" }, cluster: "dev" },
  });
});

test("no resource has a key that encrypts Secrets in clear, nor what the key is made from", () => {
  const { resources } = plain;
  const [{ secretbox }] = encryptionOf(resources, "dev-master-1");
  const secrets = [...secretbox.keys.map(({ secret }: { secret: string }) => secret), "password of", "pem of"];
  expect(secrets).toHaveLength(4);
  for (const { visible, ...resource } of resources)
    for (const secret of secrets) expect(visible, key({ visible, ...resource })).not.toContain(secret);
});

test("what is secret is secret in the outputs and plain nowhere", async () => {
  const { result, resources } = plain;
  for (const resource of resources) expect(resource.visible, key(resource)).not.toMatch(/SECRET|PRIVATE KEY/);
  const kubeconfig = await settled(result.kubeconfig);
  expect(kubeconfig.isSecret).toBe(true);
  expect(parse(kubeconfig.value).clusters[0].cluster.server).toBe("https://198.51.100.99:6443");
  expect(JSON.stringify((await settled(pulumi.output(result.nodes))).value)).not.toContain("SECRET");
  expect((await settled(result.endpoint)).value).toBe("https://198.51.100.99:6443");
});

test("bad settings end the program before anything is registered", async () => {
  const { resources } = await run(() => undefined);
  configure({ masters: "2" });
  await expect(import("./index.ts")).rejects.toThrow("masters: must be 1, 3 or 5");
  expect(resources.map(key)).toEqual(["pulumi:pulumi:Stack kubernetes-dev"]);
});
