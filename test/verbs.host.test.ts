/** The engine's own verbs on a living cluster without machines, and what is changed by hand in the cloud. */
import { afterAll, beforeAll, expect, test } from "vitest";

import { destroy, instancesOnly, Sandbox, up, withoutMachines } from "./sandbox/sandbox.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  const settings = { ...instancesOnly, masters: 3, desiredWorkers: 1 };
  sandbox = await Sandbox.open("verbs", withoutMachines("verbs-test"), settings);
  await sandbox.stack.must(up);
}, 300_000);
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

interface Thing {
  readonly id: string;
  readonly name: string;
  readonly fingerprint?: string;
}
type Json = Record<string, unknown>;

const list = async (path: string, field: string): Promise<Thing[]> =>
  ((await sandbox.zone.api.get(path)) as Record<string, Thing[] | undefined>)[field] ?? [];

/** All that the zone has, without what may be made anew. */
async function everything(): Promise<object> {
  const api = sandbox.zone.api;
  const instances = await list("/instance", "instances");
  const groups = await list("/security-group", "security-groups");
  const machine = async ({ id }: Thing) => {
    const {
      "user-data": _userData,
      labels: _labels,
      template,
      ...instance
    } = (await api.get(`/instance/${id}`)) as Json;
    return { ...instance, template: (template as Thing).id };
  };
  return {
    instances: await Promise.all(instances.sort((a, b) => (a.name < b.name ? -1 : 1)).map(machine)),
    groups: groups.map((each) => ({ ...each, description: "" })),
    antiAffinity: await list("/anti-affinity-group", "anti-affinity-groups"),
    addresses: (await list("/elastic-ip", "elastic-ips")).map(({ id }) => id),
    keys: (await list("/ssh-key", "ssh-keys")).map(({ name, fingerprint }) => [name, fingerprint]),
    templates: (await list("/template?visibility=private", "templates")).length,
  };
}

const one = async (path: string, field: string, name: string): Promise<string> =>
  (await list(path, field)).find((each) => each.name === name)!.id;
const instanceOf = (name: string) => one("/instance", "instances", name);

/** Runs it, and resolves with what it prints. */
async function run(code: number, ...args: string[]): Promise<string> {
  const ran = await sandbox.stack.run([...args, "--non-interactive"]);
  expect(ran.code === 0 ? 0 : 1, ran.output).toBe(code);
  return ran.output;
}

test.each<[urns: string[], code: number, says: RegExp[]]>([
  [["SecurityGroupRules::verbs-masters", "SshKey::verbs", "Boot::*"], 0, [/6 replaced/]],
  [
    ["Template::verbs", "SecurityGroup::verbs-*", "AntiAffinityGroup::verbs-masters", "ElasticIp::verbs-api"],
    1,
    [
      /template verbs-\w+ was not touched: to import it anew, .*`pulumi up --replace '\*\*:Claim::\*-template'`/,
      /Security group verbs-masters was not touched: it is in use/,
      /Anti-affinity group verbs-masters was not touched: it is in use/,
      /Elastic IP verbs-api was not touched: it is in use/,
    ],
  ],
  [["ClusterShape::cluster"], 1, [/was not touched: it remembers what the cluster began with/]],
  [["PodSecurity::verbs"], 1, [/was not touched: it remembers what the cluster began with/]],
  [["ClusterOrigin::verbs"], 1, [/was not touched: it remembers what the cluster began with/]],
  [
    ["Claim::verbs-*-elasticIp", "Claim::verbs-*Group", "Claim::verbs-template", "Claim::verbs-sshKey"],
    0,
    [/elastic IP verbs-api is kept: only its claim is made anew/, /security group verbs-workers is kept/],
  ],
])("--replace of %j ends with %i, and the next run has nothing to do", async (urns, code, says) => {
  const before = await everything();
  const targets = urns.flatMap((urn) => ["--replace", `**:${urn}`]);
  const output = await run(code, "up", "--yes", "--skip-preview", ...targets);
  for (const text of says) expect(output).toMatch(text);
  expect(await everything()).toEqual(before);
  // Also what an earlier run has left to be deleted.
  await run(0, "up", "--yes", "--skip-preview", "--expect-no-changes");
  expect(await everything()).toEqual(before);
});

test("--target-replace of a claim does not take what it is for, and neither does the run after it", async () => {
  const before = await everything();
  await run(0, "up", "--yes", "--skip-preview", "--target-replace", "**:Claim::verbs-template");
  expect(await everything()).toEqual(before);
  await run(0, "up", "--yes", "--skip-preview");
  expect(await everything()).toEqual(before);
});

test("--replace of all masters replaces one, and the next run goes on", async () => {
  const claims = "**:Claim::verbs-master-*-instance";
  const refusal = /cannot be replaced together with verbs-master-\d: both etcds would lose their quorum/;
  const before = await list("/instance", "instances");
  expect(await run(1, "preview", "--replace", claims)).toMatch(refusal);
  expect(await run(1, "up", "--yes", "--skip-preview", "--replace", claims)).toMatch(refusal);
  await run(0, "up", "--yes", "--skip-preview");
  const ids = new Set(before.map(({ id }) => id));
  expect((await list("/instance", "instances")).filter(({ id }) => ids.has(id))).toHaveLength(3);
});

test("a preview says nothing of nodes that a command does not touch", async () => {
  sandbox.stack.configure({ timeZone: "Europe/Zurich" });
  const target = ["--target", "**:SecurityGroupRules::verbs-masters", "--target-dependents"];
  expect(await run(0, "destroy", "--preview-only", ...target)).not.toContain("will be");
  expect(await run(0, "refresh", "--preview-only")).not.toContain("will be");
  expect(await run(0, "preview")).toContain("verbs-worker-1 will be drained and rebooted.");
  sandbox.stack.configure({ timeZone: "UTC" });
});

test("an external source that was added by hand is found by a refresh, and removed", async () => {
  const id = await one("/security-group", "security-groups", "verbs-masters");
  const before = await everything();
  await sandbox.zone.api.operate("PUT", `/security-group/${id}:add-source`, { cidr: "0.0.0.0/0" });
  expect(await run(0, "preview", "--refresh", "--diff")).toMatch(/- externalSources/);
  await run(0, "up", "--yes", "--skip-preview", "--refresh");
  expect(await everything()).toEqual(before);
});

test("a template that was tidied away is registered again, and no node is touched", async () => {
  const before = await everything();
  const [template] = await list("/template?visibility=private", "templates");
  await sandbox.zone.api.operate("DELETE", `/template/${template!.id}`);
  const preview = await run(0, "preview", "--refresh");
  expect(preview).toMatch(/\+ 1 to create/);
  expect(preview).not.toContain("will be");
  await run(0, "up", "--yes", "--skip-preview", "--refresh");
  expect(await everything()).toEqual(before);
  await run(0, "up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");
});

test("disks that were made larger by hand are kept, and the preview says what to set", async () => {
  for (const name of ["verbs-master-1", "verbs-worker-1"]) {
    const id = await instanceOf(name);
    const { operate } = sandbox.zone.api;
    await operate("PUT", `/instance/${id}:stop`);
    await operate("PUT", `/instance/${id}:resize-disk`, { "disk-size": 80 });
    await operate("PUT", `/instance/${id}:start`);
  }
  const before = await everything();
  const preview = await run(0, "preview", "--refresh", "--expect-no-changes");
  for (const role of ["master", "worker"])
    expect(preview).toContain(
      `verbs-${role}-1 has 80 GiB, and ${role}Disk is 50: it was made larger by hand, and is kept`,
    );
  expect(preview).not.toContain("will be");
  await run(0, "up", "--yes", "--skip-preview", "--refresh");
  expect(await everything()).toEqual(before);
  sandbox.stack.configure({ masterDisk: 80, workerDisk: 80 });
  const asTold = await run(0, "preview");
  expect(asTold).toContain("verbs-master-2 will be drained, switched off and started again");
  expect(asTold).not.toMatch(/(master|worker)-1 will be/);
  await run(0, "up", "--yes", "--skip-preview");
  for (const command of ["refresh", "preview"])
    expect(await run(0, command, ...(command === "refresh" ? ["--yes", "--skip-preview"] : []))).not.toMatch(
      /will be|GiB/,
    );
});

test("after a destroy that a protected instance ended, a master holds the elastic IP", async () => {
  const id = await instanceOf("verbs-master-1");
  await sandbox.zone.api.operate("PUT", `/instance/${id}:add-protection`);
  const { code, output } = await sandbox.stack.run(destroy);
  expect(code, output).not.toBe(0);
  expect(output).toMatch(/is protected: remove its protection first/);
  await run(0, "up", "--yes", "--skip-preview");
  const { instances } = (await everything()) as { instances: { name: string; "elastic-ips"?: object[] }[] };
  expect(instances.filter((each) => each["elastic-ips"]?.length === 1).map(({ name }) => name)).toEqual([
    "verbs-master-1",
    "verbs-master-2",
    "verbs-master-3",
  ]);
  await sandbox.zone.api.operate("PUT", `/instance/${id}:remove-protection`);
});

test("a destroy takes with it what a refused --replace has left", async () => {
  for (const urn of ["**:SecurityGroup::verbs-masters", "**:Template::verbs"])
    await run(1, "up", "--yes", "--skip-preview", "--replace", urn);
  await run(0, ...destroy.slice(0, -1));
  expect(await everything()).toEqual({
    instances: [],
    groups: [expect.objectContaining({ name: "default" })],
    antiAffinity: [],
    addresses: [],
    keys: [],
    templates: 0,
  });
});
