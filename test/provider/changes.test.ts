/** What a change of the configuration does, and what a refresh finds and an update repairs. */
import { describe, expect, test, vi } from "vitest";

import { boot, type BootInputs } from "../../exoscale/boot.ts";
import { providers } from "../../exoscale/provider.ts";
import { encodeUserData, userDataSha256 } from "../../exoscale/userData.ts";
import { noMachines } from "../../zone/machines/none.ts";
import { openWorld, plain } from "./world.ts";

// Operations take what polling them takes, and many tests run at the same time.
vi.setConfig({ testTimeout: 60_000 });

const other = "00000000-0000-4000-8000-000000000000";

describe.concurrent("an instance", () => {
  test.each<[string, object]>([
    ["type", { type: "standard.large" }],
    ["template", { template: other }],
    ["disk", { diskSize: 60 }],
    ["SSH key", { sshKey: "other" }],
    ["anti-affinity", { antiAffinityGroups: [other] }],
  ])("is not touched for another %s", async (_what, change) => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    expect(await master.diff({ ...master.inputs, ...change })).toMatchObject({ changes: false, replaces: [] });
  });

  test("that `Boot` has made of something else is what it was made of, also to a refresh", async () => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    world.edit(master.id, { type: "standard.large", diskSize: 80, template: other });
    const before = master.outs;
    expect(await master.refresh()).toBe("same");
    expect(master.outs).toEqual(before);
  });

  test("of a second master is not replaced in the same run", async () => {
    const [first, second, third] = ["kube-master-1", "kube-master-2", "kube-worker-1"].map((name) => ({
      api: { endpoint: "https://two-masters.example/v2", zone: "local-1" }, name, token: "now",
      labels: { cluster: "kube", role: name.split("-")[1]! },
    }));
    const check = async (inputs: object, olds: object = { token: "before" }) => (await providers.instance.check({ ...olds }, plain(inputs))).failures;
    expect(await check(second!, { token: "now" })).toEqual([]);
    expect(await check(second!, {})).toEqual([]);
    for (const each of [first!, first!, third!]) expect(await check(each)).toEqual([]);
    expect(await check(second!)).toEqual([{ property: "token", reason: expect.stringMatching(/^kube-master-2 cannot be replaced together with kube-master-1: both etcds .* Replace one master, /) }]);
  });

  test("is replaced when its token is another one", async () => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    expect(await master.diff({ ...master.inputs, token: "another" })).toMatchObject({ replaces: ["token"] });
  });

  test("takes another name, labels, groups and addresses in place", async () => {
    await using world = await openWorld();
    const { instance, securityGroup } = await world.surroundings();
    const more = await world.securityGroup("kube-more").create();
    const address = await world.elasticIp("kube-second").create();
    const master = await instance().create();
    const wanted = { ...master.inputs, name: "kube-master-9", labels: { cluster: "kube", role: "master" }, securityGroups: [more.id, securityGroup.id], elasticIps: [address.id] };
    expect(await master.diff(wanted)).toMatchObject({ changes: true, replaces: [] });
    await master.update(wanted);
    expect(world.state.instances.get(master.id)).toMatchObject({
      name: "kube-master-9", labels: { ...wanted.labels, "creation-token": master.inputs.token }, elasticIps: [address.id], securityGroups: [securityGroup.id, more.id],
    });
    expect(await master.refresh()).toBe("same");
  });

  test.each<[string, object]>([
    ["renamed", { name: "by-hand" }],
    ["labelled", { labels: { mine: "yes" } }],
    ["taken off its address", { elasticIps: [] }],
    ["taken out of its group", { securityGroups: [] }],
  ])("that was %s by hand is repaired", async (_what, change) => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    const before = world.state.instances.get(master.id);
    world.edit(master.id, change);
    expect(await master.refresh()).toBe("changes");
    expect(await master.diff()).toMatchObject({ replaces: [] });
    await master.update();
    expect(world.state.instances.get(master.id)).toEqual(before);
  });

  test("shows a refresh's findings as inputs", async () => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    expect((await providers.instance.read(master.id, plain(master.outs))).inputs).toEqual(plain(master.inputs));
    world.edit(master.id, { name: "by-hand" });
    expect((await providers.instance.read(master.id, plain(master.outs))).inputs).toEqual(plain({ ...master.inputs, name: "by-hand" }));
  });
});

describe.concurrent("a boot", () => {
  async function running({ kind = "master" }: { kind?: BootInputs["kind"] } = {}) {
    const resets: string[] = [];
    const world = await openWorld({ machines: { ...noMachines(), reset: async ({ name }) => void resets.push(name) } });
    const { instance, template } = await world.surroundings();
    const master = await instance().create();
    const boot = await world.boot(master.id, { kind, type: "standard.medium", diskSize: 50, ...(kind === "worker" && { template: template.id }) }).create();
    const now = () => world.state.instances.get(master.id)!;
    return { world, master, boot, now, resets, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  }

  test("is of one instance", async () => {
    await using it = await running();
    expect(await it.boot.diff({ ...it.boot.inputs, instance: other })).toMatchObject({ replaces: ["instance"] });
  });

  test("takes new user-data in place, and only other text is other user-data", async () => {
    await using it = await running();
    const plainText = Buffer.from("#cloud-config\n# one\n").toString("base64");
    expect(await it.boot.diff({ ...it.boot.inputs, userData: plainText, maxUnavailable: 9 })).toMatchObject({ changes: false });
    const userData = encodeUserData("#cloud-config\n# two\n");
    expect(await it.boot.diff({ ...it.boot.inputs, userData })).toMatchObject({ changes: true, replaces: [] });
    await it.boot.update({ ...it.boot.inputs, userData });
    expect(it.now()).toMatchObject({ state: "running", userData });
    expect(it.boot.outs).toMatchObject({ userDataSha256: userDataSha256(userData), well: true });
  });

  test("takes another type and a larger disk by a stop and a start", async () => {
    await using it = await running();
    await it.boot.update({ ...it.boot.inputs, type: "standard.large", diskSize: 80 });
    expect(it.now()).toMatchObject({ state: "running", type: "standard.large", diskSize: 80 });
    expect(await it.boot.refresh()).toBe("same");
  });

  test("of a worker is made anew from another template, and for a smaller disk", async () => {
    await using it = await running({ kind: "worker" });
    const template = await it.world.template("kube-other").create();
    await it.boot.update({ ...it.boot.inputs, template: template.id });
    expect(it.now()).toMatchObject({ state: "running", template: template.id, diskSize: 50 });
    await it.boot.update({ ...it.boot.inputs, diskSize: 40, type: "standard.large" });
    expect(it.now()).toMatchObject({ state: "running", template: template.id, diskSize: 40, type: "standard.large" });
    expect(it.resets).toEqual(["kube-master-1", "kube-master-1"]);
    await it.boot.update({ ...it.boot.inputs, diskSize: 60 });
    expect(it.now()).toMatchObject({ state: "running", diskSize: 60 });
    expect(it.resets).toHaveLength(2);
    expect(await it.boot.refresh()).toBe("same");
  });

  test("of a worker that was found again is made of what is wanted by now", async () => {
    await using it = await running({ kind: "worker" });
    const template = await it.world.template("kube-other").create();
    it.boot.inputs = { ...it.boot.inputs, template: template.id };
    await it.boot.create();
    expect(it.now()).toMatchObject({ state: "running", template: template.id });
  });

  describe("that cannot be changed so is refused, in every preview and before anything is touched:", () => {
    const asked = async ({ boot }: Awaited<ReturnType<typeof running>>, change: Partial<BootInputs>) => {
      const news = { ...boot.inputs, ...change };
      const { failures } = await providers.boot.check(plain(boot.inputs), plain(news));
      // Of another instance nothing is known.
      expect((await providers.boot.check(plain({ ...boot.inputs, instance: other }), plain(news))).failures).toEqual([]);
      expect((await providers.boot.check({}, plain(news))).failures).toEqual([]);
      return failures;
    };

    test("a master's disk that would shrink", async () => {
      await using it = await running();
      const reason = "the disk of kube-master-1 cannot shrink and keep what is on it: it has 50 GiB, and 40 are asked for. Set it back to 50.";
      expect(await asked(it, { diskSize: 40 })).toEqual([{ property: "diskSize", reason }]);
    });

    test("a master's disk that was made larger by hand", async () => {
      await using it = await running();
      it.world.edit(it.master.id, { diskSize: 80 });
      const before = it.now();
      expect(await it.boot.refresh()).toBe("changes");
      await expect(it.boot.update()).rejects.toThrow("kube-master-1 was not touched: the disk of kube-master-1 cannot shrink and keep what is on it: it has 80 GiB, and 50 are asked for. Set it back to 80.");
      expect(it.now()).toEqual(before);
    });

    test("another family", async () => {
      await using it = await running();
      const reason = "kube-master-1 cannot change from standard.medium to cpu.large: on Exoscale an instance stays within its family. Set it back to standard.medium, or destroy the cluster first.";
      expect(await asked(it, { type: "cpu.large" })).toEqual([{ property: "type", reason }]);
    });

    test("another family of workers, though they can be replaced", async () => {
      await using it = await running({ kind: "worker" });
      expect(await asked(it, { name: "kube-worker-12", type: "cpu.large", diskSize: 40 })).toEqual([{
        property: "type", reason: expect.stringMatching(/Set it back to standard\.medium, or replace them all at once, .*: bin\/pulumi up --replace '\*\*:RandomId::kube-worker-\*'$/),
      }]);
    });
  });

  test.each<[string, Partial<BootInputs>, object, string | undefined]>([
    ["nothing", {}, {}, undefined],
    ["more workers at once", { maxUnavailable: 9 }, {}, undefined],
    ["another address of the API", { api: { endpoint: "https://other.example/v2", zone: "local-1" } }, {}, undefined],
    ["user-data", { userData: encodeUserData("#cloud-config\n# two\n") }, {}, "kube-master-1 will be drained and rebooted."],
    ["type", { type: "standard.large" }, {}, "kube-master-1 will be drained, switched off and started again as standard.large with a disk of 50 GiB."],
    ["a larger disk", { diskSize: 60, userData: "IyE=" }, {}, "kube-master-1 will be drained, switched off and started again as standard.medium with a disk of 60 GiB."],
    ["a smaller disk", { diskSize: 40, type: "standard.large" }, {}, "kube-master-1 will be drained and made anew: nothing on its disk is kept."],
    ["template", { template: other }, {}, "kube-master-1 will be drained and made anew: nothing on its disk is kept."],
    ["its state", {}, { state: "stopped" }, "kube-master-1 is stopped and will be started."],
    ["its health", {}, { well: false }, "kube-master-1 was not well after its reboot: it will be looked at, and repaired unless it is well by then."],
    ["another instance", { instance: other, template: other }, {}, undefined],
  ])("says in every preview what becomes of the node: %s", (_what, change, found, notice) => {
    const made = { api: { endpoint: "https://notices.example/v2", zone: "local-1" }, instance: "one", type: "standard.medium", diskSize: 50, template: "one" };
    const inputs = { ...made, name: "kube-master-1", userData: encodeUserData("#cloud-config\n"), maxUnavailable: 1 } as BootInputs;
    const outs = { ...made, userDataSha256: userDataSha256(inputs.userData), state: "running", well: true };
    const diff = boot.diff("one", { ...outs, ...found }, { ...inputs, ...change });
    expect(diff.notice).toBe(notice);
    if (notice) expect(diff.changes).toBe(true);
  });

  test.each<[string, object]>([
    ["stopped", { state: "stopped" }],
    ["given other user-data", { userData: Buffer.from("#!/bin/sh").toString("base64") }],
    ["made larger", { type: "standard.large" }],
    ["given a larger disk", { diskSize: 80 }],
    ["made anew from another template", { template: other }],
  ])("of an instance that was %s by hand is repaired", async (_what, change) => {
    await using it = await running({ kind: "worker" });
    const before = it.now();
    it.world.edit(it.master.id, change);
    expect(await it.boot.refresh()).toBe("changes");
    await it.boot.update();
    expect(it.now()).toEqual(before);
    expect(await it.boot.refresh()).toBe("same");
  });

  test("goes on where it was interrupted", async () => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    const boot = world.boot(master.id);
    // Started, but not with what it was told since.
    world.edit(master.id, { state: "running" });
    await boot.create();
    expect(world.state.instances.get(master.id)).toMatchObject({ state: "running", userData: boot.inputs.userData });
  });

  test("of a deleted instance is gone, and an update says what to do", async () => {
    await using it = await running();
    await it.master.delete();
    await expect(it.boot.update({ ...it.boot.inputs, userData: "IyE=" })).rejects.toThrow(/^It is gone \(GET \/instance\/.*404.*Run the same command with --refresh/);
    expect(await it.boot.refresh()).toBe("gone");
  });

  test("of a node that missed a step towards other authorities does not take the next one", async () => {
    await using world = await openWorld();
    const { inputs } = world.boot(other, { caReplacement: 1 });
    const at = async (caReplacement: number) => (await providers.boot.check(plain(inputs), plain({ ...inputs, caReplacement }))).failures;
    for (const step of [0, 1, 2]) expect(await at(step)).toEqual([]);
    expect(await at(3)).toEqual([{ property: "caReplacement", reason: expect.stringMatching(/this node is at step 1, not at 2\. .*`pulumi config set caReplacement 2`, then `pulumi up`/) }]);
    // One that is made at any step has no step to miss.
    expect((await providers.boot.check({}, plain({ ...inputs, caReplacement: 3 }))).failures).toEqual([]);
  });

  test("of too much user-data is refused before any call", async () => {
    await using world = await openWorld();
    const { failures } = await providers.boot.check({}, plain({ ...world.boot(other).inputs, userData: "x".repeat(32_769) }));
    expect(failures).toEqual([{ property: "userData", reason: "the user-data is 32769 base64 characters long, and Exoscale takes 32768 (24,573 bytes gzipped)" }]);
  });
});

describe.concurrent("a group's rules", () => {
  const ssh = { direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, network: "192.0.2.0/24", description: "ssh" } as const;
  const web = { ...ssh, startPort: 80, endPort: 443, description: "web" };

  test("are added and removed one by one", async () => {
    await using world = await openWorld();
    const group = await world.securityGroup().create();
    const rules = await world.rules(group.id, [ssh, web]).create();
    const kept = world.state.securityGroups.get(group.id)!.rules.find(({ startPort }) => startPort === 22)!;
    const other = { ...ssh, network: "198.51.100.0/24" };
    expect(await rules.diff({ ...rules.inputs, rules: [other, ssh] })).toMatchObject({ changes: true, replaces: [] });
    await rules.update({ ...rules.inputs, rules: [other, ssh] });
    const now = world.state.securityGroups.get(group.id)!.rules;
    expect(now).toHaveLength(2);
    expect(now).toContainEqual(kept);
    expect(await rules.diff({ ...rules.inputs, rules: [ssh, other] })).toMatchObject({ changes: false });
  });

  test("take another reason", async () => {
    await using world = await openWorld();
    const group = await world.securityGroup().create();
    const rules = await world.rules(group.id, [ssh]).create();
    await rules.update({ ...rules.inputs, rules: [{ ...ssh, description: "operators" }] });
    expect(world.state.securityGroups.get(group.id)!.rules).toMatchObject([{ description: "operators" }]);
  });

  test("that were changed by hand are what they were again", async () => {
    await using world = await openWorld();
    const group = await world.securityGroup().create();
    const rules = await world.rules(group.id, [ssh, web]).create();
    const { rules: before, ...record } = world.state.securityGroups.get(group.id)!;
    const byHand = { ...before[0]!, id: other, network: "0.0.0.0/0" };
    world.state.write((write) => write.put("securityGroups", { ...record, rules: [before[1]!, byHand] }));
    expect(await rules.refresh()).toBe("changes");
    await rules.update();
    const withoutId = ({ id: _id, ...rule }: { id: string }) => rule;
    const now = world.state.securityGroups.get(group.id)!.rules.map(withoutId);
    expect(now).toHaveLength(2);
    expect(now).toEqual(expect.arrayContaining(before.map(withoutId)));
    expect(await rules.refresh()).toBe("same");
  });
});

describe.concurrent("the rest", () => {
  test("an elastic IP's health check and labels change in place", async () => {
    await using world = await openWorld();
    const address = await world.elasticIp().create();
    const wanted = { ...address.inputs, healthcheck: { ...address.inputs.healthcheck, strikesFail: 2 }, labels: {} };
    expect(await address.diff(wanted)).toMatchObject({ changes: true, replaces: [] });
    await address.update(wanted);
    expect(world.state.elasticIps.get(address.id)).toMatchObject({ healthcheck: { strikesFail: 2 }, labels: { "creation-token": address.inputs.token } });
    expect(await address.refresh()).toBe("same");
  });

  test("a template is replaced for another image and renamed in place", async () => {
    await using world = await openWorld();
    const template = await world.template().create();
    expect(await template.diff({ ...template.inputs, name: "b", checksum: "f".repeat(32) })).toEqual({ changes: true, replaces: ["checksum"], deleteBeforeReplace: false });
    expect(await template.diff({ ...template.inputs, checksum: "f".repeat(32) })).toMatchObject({ deleteBeforeReplace: true });
    await template.update({ ...template.inputs, name: "b" });
    expect(world.state.templates.get(template.id)).toMatchObject({ name: "b" });
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
