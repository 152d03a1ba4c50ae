/** Keys under Pulumi's own engine, with the tls and random plugins, in a zone without machines: steps, and what is refused. */
import { execFileSync } from "node:child_process";
import { beforeAll, afterAll, describe, expect, test } from "vitest";

import { decodeUserData } from "../exoscale/user-data.ts";
import { instancesOnly, Sandbox, up, withoutMachines } from "./sandbox/sandbox.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.open("keys", withoutMachines("keys"), { ...instancesOnly, masters: 1, desiredWorkers: 1 });
  await sandbox.stack.must(up);
}, 300_000);
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const preview = ["preview", "--non-interactive"];
const urnOf = (type: string, name: string): string =>
  sandbox.stack.resources().find(({ urn }) => urn.endsWith(`:${type}::${name}`))!.urn;
/** What tells each key apart, by URN, and what `ClusterKeys` knows. */
const keys = (): Record<string, unknown> =>
  Object.fromEntries(
    sandbox.stack
      .resources()
      .filter(({ type }) => /:(PrivateKey|RandomPassword|ClusterKeys)$/.test(type))
      .map(({ urn, type, outputs, delete: isLeaving }) => [
        `${urn}${isLeaving ? " (leaving)" : ""}`,
        type.endsWith(":ClusterKeys") ? outputs : (outputs!.publicKeyPem as string | undefined),
      ]),
  );
const publicKeyOf = (name: string): string =>
  sandbox.stack.resources().find(({ urn }) => urn === urnOf("PrivateKey", name))!.outputs!.publicKeyOpenssh as string;
async function userData(name: string): Promise<string> {
  const { instances } = await sandbox.zone.api.get("/instance");
  const { id } = instances.find((each: { name: string }) => each.name === name);
  return decodeUserData((await sandbox.zone.api.get(`/instance/${id}`))["user-data"]);
}
const refused = async (args: readonly string[], reason: RegExp): Promise<void> => {
  const before = { keys: keys(), calls: await sandbox.zone.calls() };
  const { code, output } = await sandbox.stack.run(args);
  expect(output).toMatch(reason);
  expect(code).not.toBe(0);
  expect({ keys: keys(), calls: await sandbox.zone.calls() }).toEqual(before);
};

const named = (setting: string) =>
  new RegExp(
    `cannot be replaced at once: .*Nothing was touched.*\`pulumi config set ${setting} 1\`, then \`pulumi up\``,
  );

describe.each([
  ["PrivateKey", "keys-ssh", "keyReplacement"],
  ["PrivateKey", "keys-service-account", "keyReplacement"],
  ["PrivateKey", "keys-encryption", "keyReplacement"],
  ["RandomPassword", "keys-encryption-key", "keyReplacement"],
  ["PrivateKey", "keys-master-host-key", "keyReplacement"],
  ["PrivateKey", "keys-worker-1-host-key", "keyReplacement"],
  ["PrivateKey", "keys-kubernetes-ca", "caReplacement"],
  ["PrivateKey", "keys-kubernetes-etcd-ca", "caReplacement"],
  ["PrivateKey", "keys-infra-etcd-ca", "caReplacement"],
  ["PrivateKey", "keys-front-proxy-ca", "caReplacement"],
])("%s %s", (type, name, setting) => {
  test("is not replaced by its name, before anything is touched", async () => {
    await refused([...up, "--replace", urnOf(type, name)], named(setting));
  });
});

test("nor does a preview show that it would be, nor is it the one target of a run", async () => {
  const urn = urnOf("PrivateKey", "keys-infra-etcd-ca");
  await refused([...preview, "--replace", urn], named("caReplacement"));
  await refused([...up, "--target-replace", urn], named("caReplacement"));
});

test("a key that was tainted is refused until it is untainted, by the command that the refusal names", async () => {
  const urn = urnOf("PrivateKey", "keys-service-account");
  await sandbox.stack.must(["state", "taint", urn, "--yes", "--non-interactive"]);
  await refused(up, named("keyReplacement"));
  const { output } = await sandbox.stack.run(preview);
  const [, command] = /type first: pulumi (state untaint '[^']+')/.exec(output.replace(/\s*\n\s*/g, " "))!;
  await sandbox.stack.must([...command!.replaceAll("'", "").split(" "), "--yes", "--non-interactive"]);
  await sandbox.stack.must([...preview, "--expect-no-changes"]);
});

test("an authority's certificate is not replaced by its name; without a preview it is made anew for the same key", async () => {
  const urn = urnOf("SelfSignedCert", "keys-kubernetes-ca");
  await refused([...preview, "--replace", urn], named("caReplacement"));
  await sandbox.stack.must([...up, "--replace", urn]);
  await sandbox.stack.must([...preview, "--expect-no-changes"]);
});

test("a node's own key is replaced together with its certificates", async () => {
  for (const node of ["keys-master-1", "keys-worker-1"]) {
    const before = await userData(node);
    await sandbox.stack.must([...up, "--replace", urnOf("PrivateKey", node)]);
    const after = await userData(node);
    expect(after).not.toBe(before);
    const key = (text: string) => /pki\/node\.key (\S+)/.exec(text)![1];
    expect(key(after)).not.toBe(key(before));
  }
  await sandbox.stack.must([...preview, "--expect-no-changes"]);
});

test("the first step adds a key beside each one, and changes none", async () => {
  const before = keys();
  sandbox.stack.configure({ keyReplacement: 1 });
  await sandbox.stack.must(preview);
  await sandbox.stack.must(up);
  const after = keys();
  for (const [urn, key] of Object.entries(before)) if (!urn.includes(":ClusterKeys:")) expect(after[urn]).toEqual(key);
  const added = Object.keys(after).filter((urn) => !(urn in before));
  expect(added.map((urn) => urn.split("::").at(-1)).sort()).toEqual([
    "keys-encryption-key-2",
    "keys-infra-etcd-2",
    "keys-master-host-key-2",
    "keys-service-account-2",
    "keys-ssh-2",
    "keys-worker-1-host-key-2",
  ]);
  const text = await userData("keys-master-1");
  for (const name of ["keys-ssh", "keys-ssh-2"]) {
    const blob = publicKeyOf(name).trim().split(" ")[1]!;
    expect(text.split(blob).length - 1, name).toBe(2);
  }
  expect(text).toMatch(/\{name: "?random"?, .*name: "?key1"?, .*name: "?random-2"?, /);
  await sandbox.stack.must([...preview, "--expect-no-changes"]);
});

test("a key of the next generation is not replaced by its name either", async () => {
  const reason = /`pulumi config set keyReplacement 2`, then `pulumi up`, and the same with 3\./;
  await refused([...up, "--replace", urnOf("PrivateKey", "keys-ssh-2")], reason);
});

test("a step that is left out is refused, and the second without the cluster's masters", async () => {
  sandbox.stack.configure({ keyReplacement: 3 });
  await refused(preview, /this cluster is at step 1, not at 2\..*`pulumi config set keyReplacement 2`/);
  sandbox.stack.configure({ keyReplacement: 2 });
  await refused(preview, /have to be written again with random-2.*`pulumi config set waitFor cluster`/);
});

test("a step back is a step", async () => {
  sandbox.stack.configure({ keyReplacement: 0 });
  await sandbox.stack.must(up);
  expect(await userData("keys-master-1")).not.toContain("random-2");
  await sandbox.stack.must([...preview, "--expect-no-changes"]);
  expect(Object.keys(keys()).filter((urn) => urn.endsWith("-2"))).toEqual([]);
});

test("sshd reads the host keys as nodes are given them", async () => {
  const content = /ssh_host_ecdsa_key\n[^]*?content: \|\n([^]*?-----END EC PRIVATE KEY-----)/.exec(
    await userData("keys-worker-1"),
  )![1]!;
  const line = execFileSync("sh", ["-c", "umask 077; f=$(mktemp); cat >$f; ssh-keygen -y -f $f; rm $f"], {
    input: `${content.replace(/^ +/gm, "")}\n`,
    encoding: "utf8",
  });
  expect(line.trim().split(" ").slice(0, 2).join(" ")).toBe(publicKeyOf("keys-worker-1-host-key").trim());
});
