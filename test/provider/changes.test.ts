/** What a change of the configuration does, and what a refresh finds and an update repairs. */
import { describe, expect, test } from "vitest";

import { providers } from "../../provider/handlers.ts";
import type { Rule } from "../../exoscale/security-group-rules.ts";
import { openEnvironment, plain, sshRule, type Resource } from "./environment.ts";

const other = "00000000-0000-4000-8000-000000000000";
const tcpCheck = { mode: "tcp", port: 6444, interval: 5, timeout: 2, strikesOk: 1, strikesFail: 2 } as const;

describe.concurrent("an instance", () => {
  test.each<[string, object]>([
    ["type", { type: "standard.large" }],
    ["template", { template: other }],
    ["disk", { diskSize: 60 }],
    ["SSH key", { sshKey: "other" }],
    ["anti-affinity", { antiAffinityGroups: [other] }],
  ])("is not touched for another %s", async (_what, change) => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    expect(await master.diff({ ...master.inputs, ...change })).toMatchObject({ changes: false, replaces: [] });
  });

  test("whose machine spec `Boot` has changed keeps that of its creation in the state, also after a refresh", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    environment.edit(master.id, { type: "standard.large", diskSize: 80, template: other });
    const before = master.outs;
    expect(await master.refresh()).toBe("same");
    expect(master.outs).toEqual(before);
  });

  test("of a second master is not replaced in the same run", async () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const [first, second, third] = ["kube-master-1", "kube-master-2", "kube-worker-1"].map((name) => ({
      api: { endpoint: "https://two-masters.example/v2", zone: "local-1" },
      name,
      token: unknown,
      labels: { cluster: "kube", role: name.split("-")[1]! },
    }));
    const check = async (inputs: object, olds: object = { token: "before" }) =>
      (await providers.instance.check({ ...olds }, plain(inputs))).failures;
    expect(await check({ ...second!, token: "now" }, { token: "now" })).toEqual([]);
    expect(await check(second!, {})).toEqual([]);
    for (const each of [first!, first!, third!]) expect(await check(each)).toEqual([]);
    expect(await check(second!)).toEqual([
      {
        property: "token",
        reason: expect.stringMatching(
          /^kube-master-2 cannot be replaced together with kube-master-1: both etcds .* Replace one master, /,
        ),
      },
    ]);
  });

  test("of a second master keeps its claim, so that the next run has nothing to replace", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    for (const [name, role] of [
      ["kube-master-1", "master"],
      ["kube-master-2", "master"],
      ["kube-worker-1", "worker"],
    ]) {
      await instance(name, { elasticIps: [], labels: { cluster: "kube", role: role! } }).create();
    }
    // As of a later run: a client of its own, which has not listed anything yet.
    const api = { ...environment.api, endpoint: `${environment.api.endpoint}/` };
    const claimAnew = (name: string) => providers.claim.create(plain({ api, of: "instance", name, uses: [] }));
    for (const name of ["kube-master-1", "kube-worker-1", "kube-master-9"])
      expect(await claimAnew(name)).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{16}$/) });
    await expect(claimAnew("kube-master-2")).rejects.toThrow(
      /^kube-master-2 cannot be replaced together with kube-master-1: .* kube-master-2 was not touched\. If it is/,
    );
  });

  test("of a second master whose claim is another already is kept, with the new token", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const [first, second] = await Promise.all(
      ["kube-master-1", "kube-master-2"].map((name) =>
        instance(name, { elasticIps: [], labels: { cluster: "kube", role: "master" } }).create(),
      ),
    );
    expect(await first!.diff({ ...first!.inputs, token: "another" })).toMatchObject({ replaces: ["token"] });
    const claimed = { ...second!.inputs, token: "another" };
    expect(await second!.diff(claimed)).toMatchObject({ changes: true, replaces: [] });
    await second!.update(claimed);
    expect(environment.state.instances.get(second!.id)!.labels).toMatchObject({ "creation-token": "another" });
    expect(await second!.refresh()).toBe("same");
  });

  test("of a second master that is to be replaced by its name is not deleted", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const masters = ["kube-master-1", "kube-master-2"].map((name) =>
      instance(name, { elasticIps: [], labels: { cluster: "kube", role: "master" } }),
    );
    const [first, second] = await Promise.all(masters.map((each) => each.create()));
    for (const each of masters) await providers.instance.check({}, plain(each.inputs));
    await first!.delete();
    await expect(second!.delete()).rejects.toThrow(
      /^kube-master-2 cannot be replaced together with kube-master-1: .* kube-master-2 was not touched\.$/,
    );
    expect([...environment.state.instances.values()].map(({ name }) => name)).toEqual(["kube-master-2"]);
  });

  test("is replaced when its token is another one", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    expect(await master.diff({ ...master.inputs, token: "another" })).toMatchObject({ replaces: ["token"] });
  });

  test("takes another name, labels, groups and addresses in place", async () => {
    await using environment = await openEnvironment();
    const { instance, securityGroup } = await environment.surroundings();
    const more = await environment.securityGroup("kube-more").create();
    const address = await environment.elasticIp("kube-second").create();
    const master = await instance().create();
    const wanted = {
      ...master.inputs,
      name: "kube-master-9",
      labels: { cluster: "kube", role: "master" },
      securityGroups: [more.id, securityGroup.id],
      elasticIps: [address.id],
    };
    expect(await master.diff(wanted)).toMatchObject({ changes: true, replaces: [] });
    await master.update(wanted);
    expect(environment.state.instances.get(master.id)).toMatchObject({
      name: "kube-master-9",
      labels: { ...wanted.labels, "creation-token": master.inputs.token },
      elasticIps: [address.id],
      securityGroups: [securityGroup.id, more.id],
    });
    expect(await master.refresh()).toBe("same");
  });

  test.each<[string, object]>([
    ["renamed", { name: "by-hand" }],
    ["labelled", { labels: { mine: "yes" } }],
    ["taken off its address", { elasticIps: [] }],
    ["taken out of its group", { securityGroups: [] }],
  ])("that was %s by hand is repaired", async (_what, change) => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    const before = environment.state.instances.get(master.id);
    environment.edit(master.id, change);
    expect(await master.refresh()).toBe("changes");
    expect(await master.diff()).toMatchObject({ replaces: [] });
    await master.update();
    expect(environment.state.instances.get(master.id)).toEqual(before);
  });

  test("shows a refresh's findings as inputs", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    expect((await providers.instance.read(master.id, plain(master.outs))).inputs).toEqual(plain(master.inputs));
    environment.edit(master.id, { name: "by-hand" });
    expect((await providers.instance.read(master.id, plain(master.outs))).inputs).toEqual(
      plain({ ...master.inputs, name: "by-hand" }),
    );
  });
});

describe.concurrent("a group's rules", () => {
  const web = { ...sshRule, startPort: 80, endPort: 443, description: "web" };

  test("are added and removed one by one", async () => {
    await using environment = await openEnvironment();
    const group = await environment.securityGroup().create();
    const rules = await environment.rules(group.id, [sshRule, web]).create();
    const kept = environment.state.securityGroups.get(group.id)!.rules.find(({ startPort }) => startPort === 22)!;
    const other = { ...sshRule, network: "198.51.100.0/24" };
    expect(await rules.diff({ ...rules.inputs, rules: [other, sshRule] })).toMatchObject({
      changes: true,
      replaces: [],
    });
    await rules.update({ ...rules.inputs, rules: [other, sshRule] });
    const now = environment.state.securityGroups.get(group.id)!.rules;
    expect(now).toHaveLength(2);
    expect(now).toContainEqual(kept);
    expect(await rules.diff({ ...rules.inputs, rules: [sshRule, other] })).toMatchObject({ changes: false });
  });

  test("take another reason", async () => {
    await using environment = await openEnvironment();
    const group = await environment.securityGroup().create();
    const rules = await environment.rules(group.id, [sshRule]).create();
    await rules.update({ ...rules.inputs, rules: [{ ...sshRule, description: "operators" }] });
    expect(environment.state.securityGroups.get(group.id)!.rules).toMatchObject([{ description: "operators" }]);
  });

  test("that were changed by hand are what they were again", async () => {
    await using environment = await openEnvironment();
    const group = await environment.securityGroup().create();
    const rules = await environment.rules(group.id, [sshRule, web]).create();
    const { rules: before, ...record } = environment.state.securityGroups.get(group.id)!;
    const byHand = { ...before[0]!, id: other, network: "0.0.0.0/0" };
    environment.state.write((write) => write.put("securityGroups", { ...record, rules: [before[1]!, byHand] }));
    expect(await rules.refresh()).toBe("changes");
    await rules.update();
    const withoutId = ({ id: _id, ...rule }: { id: string }) => rule;
    const now = environment.state.securityGroups.get(group.id)!.rules.map(withoutId);
    expect(now).toHaveLength(2);
    expect(now).toEqual(expect.arrayContaining(before.map(withoutId)));
    expect(await rules.refresh()).toBe("same");
  });
});

describe.concurrent("a group's external sources", () => {
  test("were added by hand: a refresh finds them, and an update removes them", async () => {
    await using environment = await openEnvironment();
    const group = await environment.securityGroup().create();
    const rules = await environment.rules(group.id, [sshRule]).create();
    const now = () => environment.state.securityGroups.get(group.id)!;
    const before = now();
    for (const externalSources of [["0.0.0.0/0"], ["0.0.0.0/0", "192.0.2.7/32"]]) {
      environment.state.write((write) => write.put("securityGroups", { ...before, externalSources }));
      expect(await rules.refresh()).toBe("changes");
      expect(rules.outs).toMatchObject({ externalSources });
      await rules.update();
      expect(now()).toMatchObject({ externalSources: [], rules: before.rules });
      expect(await rules.refresh()).toBe("same");
    }
  });

  test("go with an update for another reason, and with a creation", async () => {
    await using environment = await openEnvironment();
    const group = await environment.securityGroup().create();
    const now = () => environment.state.securityGroups.get(group.id)!;
    environment.state.write((write) => write.put("securityGroups", { ...now(), externalSources: ["0.0.0.0/0"] }));
    environment.zone.faults.add({ kind: "drop-after", route: "remove-external-source-from-security-group", count: 1 });
    const rules = await environment.rules(group.id, [sshRule]).create();
    expect(now().externalSources).toEqual([]);
    environment.state.write((write) => write.put("securityGroups", { ...now(), externalSources: ["0.0.0.0/0"] }));
    await rules.update({ ...rules.inputs, rules: [{ ...sshRule, startPort: 21 }] });
    expect(now().externalSources).toEqual([]);
  });
});

describe.concurrent("a group's rules, ever", () => {
  test("that are asked for twice are there once, and are no difference", async () => {
    await using environment = await openEnvironment();
    const group = await environment.securityGroup().create();
    const rules = await environment.rules(group.id, [sshRule, sshRule]).create();
    expect(environment.state.securityGroups.get(group.id)!.rules).toHaveLength(1);
    expect(await rules.refresh()).toBe("same");
    expect(await rules.diff({ ...rules.inputs, rules: [sshRule] })).toMatchObject({ changes: false });
  });

  test("stay while an elastic IP's health check may need them", async () => {
    await using environment = await openEnvironment();
    const { instance, securityGroup, elasticIp } = await environment.surroundings();
    const [all, one] = ["0.0.0.0/0", "203.0.113.7/32"].map((network) => ({
      ...sshRule,
      startPort: 6443,
      endPort: 6443,
      network,
    })) as [Rule, Rule];
    const rules = await environment.rules(securityGroup.id, [all]).create();
    const narrowed = { ...rules.inputs, rules: [one] };
    const master = await instance().create();
    await expect(rules.update(narrowed)).rejects.toThrow(
      /^Security group kube-masters was not changed: elastic IP kube-api asks kube-master-1 at port 6443 .* by way of 0\.0\.0\.0\/0, which would be closed\. Run `pulumi up` with the former sources first/,
    );
    expect(await rules.refresh()).toBe("same");
    // Another reason for the same opening closes nothing, nor does a rule of another port.
    await rules.update({ ...rules.inputs, rules: [{ ...all, description: "other" }, sshRule] });
    await rules.update({ ...rules.inputs, rules: [all] });
    await environment.healthcheck(elasticIp, tcpCheck).create();
    await rules.update(narrowed);
    expect(environment.state.securityGroups.get(securityGroup.id)!.rules).toMatchObject([{ network: one.network }]);
    await master.delete();
  });

  test("stay while an instance is in the group, whatever is deleted", async () => {
    await using environment = await openEnvironment();
    const { instance, securityGroup } = await environment.surroundings();
    const rules = await environment.rules(securityGroup.id, [sshRule]).create();
    const master = await instance().create();
    await expect(rules.delete()).rejects.toThrow(
      "Security group kube-masters keeps its rules: kube-master-1 would lose all traffic. Delete these instances first, or take them out of the group.",
    );
    await expect(securityGroup.delete()).rejects.toThrow();
    expect(environment.state.securityGroups.get(securityGroup.id)!.rules).toHaveLength(1);
    await master.delete();
    await rules.delete();
    await securityGroup.delete();
    expect(environment.state.securityGroups.has(securityGroup.id)).toBe(false);
  });
});

describe.concurrent("the rest", () => {
  test("an instance that is protected against deletion keeps its elastic IP", async () => {
    await using environment = await openEnvironment({ errorTexts: "usual" });
    const { instance, elasticIp } = await environment.surroundings();
    const master = await instance().create();
    environment.edit(master.id, { protected: true });
    await expect(master.delete()).rejects.toThrow(/403: Instance .* is protected: remove its protection first$/);
    expect(environment.state.instances.get(master.id)).toMatchObject({ elasticIps: [elasticIp.id], state: "stopped" });
    environment.zone.faults.add({ kind: "operation-fails", route: "attach-instance-to-elastic-ip", count: 1 });
    await expect(master.delete()).rejects.toThrow(
      /is protected: remove its protection first\. It lives on without its elastic IP \(.*\): `pulumi up --refresh` attaches it\.$/,
    );
    expect(await master.refresh()).toBe("changes");
    await master.update();
    expect(environment.state.instances.get(master.id)).toMatchObject({ elasticIps: [elasticIp.id] });
    environment.edit(master.id, { protected: false });
    await master.delete();
    expect(environment.state.instances.size).toBe(0);
  });

  test.each(["securityGroup", "antiAffinityGroup", "elasticIp"] as const)(
    "a claim that is made anew keeps the %s: it takes the new token in place",
    async (kind) => {
      await using environment = await openEnvironment();
      const thing: Resource<{ token: string; name: string }> = await environment[kind]().create();
      const claimedAnew = { ...thing.inputs, token: "another" };
      expect(await thing.diff(claimedAnew)).toMatchObject({ changes: true, replaces: [] });
      await thing.update(claimedAnew);
      expect(await thing.refresh()).toBe("same");
      await thing.delete();
      expect(environment.left()).toEqual(["default"]);
    },
  );

  test("an elastic IP's labels change in place, and its health check by the resource that waits for its holders", async () => {
    await using environment = await openEnvironment();
    const address = await environment.elasticIp().create();
    const wanted = { ...address.inputs, healthcheck: tcpCheck, labels: {} };
    expect(await address.diff({ ...address.inputs, healthcheck: tcpCheck })).toMatchObject({ changes: false });
    expect(await address.diff(wanted)).toMatchObject({ changes: true, replaces: [] });
    await address.update(wanted);
    const actual = () => environment.state.elasticIps.get(address.id)!;
    expect(actual()).toMatchObject({ healthcheck: { port: 6443 }, labels: { "creation-token": address.inputs.token } });
    expect(await address.refresh()).toBe("same");

    const check = await environment.healthcheck(address, tcpCheck).create();
    expect(actual().healthcheck).toMatchObject(tcpCheck);
    expect(await check.refresh()).toBe("same");
    const asBefore = actual();
    environment.state.write((write) =>
      write.put("elasticIps", { ...asBefore, healthcheck: { ...asBefore.healthcheck!, port: 22 } }),
    );
    expect(await check.refresh()).toBe("changes");
    await check.update({ ...check.inputs, healthcheck: { ...tcpCheck, strikesFail: 3 } });
    expect(actual().healthcheck).toMatchObject({ ...tcpCheck, strikesFail: 3 });
    // It has no call of its own, and what is right is not written again.
    environment.zone.faults.add({ kind: "operation-fails", route: "update-elastic-ip", count: 1 });
    await check.update();
    await check.delete();
    expect(actual().healthcheck).toMatchObject({ ...tcpCheck, strikesFail: 3 });
    await address.delete();
    expect(await check.refresh()).toBe("gone");
  });

  test("a template is replaced for another image and renamed in place", async () => {
    await using environment = await openEnvironment();
    const template = await environment.template().create();
    expect(await template.diff({ ...template.inputs, name: "b", checksum: "f".repeat(32) })).toEqual({
      changes: true,
      replaces: ["checksum"],
      deleteBeforeReplace: false,
    });
    expect(await template.diff({ ...template.inputs, checksum: "f".repeat(32) })).toMatchObject({
      deleteBeforeReplace: true,
    });
    await template.update({ ...template.inputs, name: "b" });
    expect(environment.state.templates.get(template.id)).toMatchObject({ name: "b" });
  });

  test("what a living cluster cannot change is refused", async () => {
    const shape = { zone: "ch-gva-2", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/16", masters: 3 };
    expect((await providers.clusterShape.check({}, shape)).failures).toEqual([]);
    expect((await providers.clusterShape.check(shape, shape)).failures).toEqual([]);
    const { failures } = await providers.clusterShape.check(shape, { ...shape, zone: "de-fra-1", masters: 5 });
    expect(failures.map(({ property, reason }) => [property, reason.split(":")[0]])).toEqual([
      ["zone", "zone cannot change from ch-gva-2 to de-fra-1 while the cluster lives"],
      ["masters", "masters cannot change from 3 to 5 while the cluster lives"],
    ]);
  });
});
