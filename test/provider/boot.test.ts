/** What a change does to a running instance, what of it is refused, and what a refresh finds and an update repairs. */
import { describe, expect, test } from "vitest";

import { boot, type BootInputs } from "../../node/rollout/boot.ts";
import { providers } from "../../provider/handlers.ts";
import { encodeUserData, userDataSha256 } from "../../exoscale/user-data.ts";
import { noMachines } from "../../zone/machines/none.ts";
import { unknownValue } from "../../exoscale/resource-provider.ts";
import { openEnvironment, plain } from "./environment.ts";

const other = "00000000-0000-4000-8000-000000000000";

describe.concurrent("a boot", () => {
  async function running({
    kind = "master",
    ...options
  }: { kind?: BootInputs["kind"]; unauthorizedTypes?: string[] } = {}) {
    const resets: string[] = [];
    const environment = await openEnvironment({
      ...options,
      machines: { ...noMachines(), reset: async ({ name }) => void resets.push(name) },
    });
    const { instance, template } = await environment.surroundings();
    const master = await instance().create();
    const boot = await environment
      .boot(master.id, {
        kind,
        type: "standard.medium",
        diskSize: 50,
        ...(kind === "worker" && { template: template.id }),
      })
      .create();
    const now = () => environment.state.instances.get(master.id)!;
    return { environment, master, boot, now, resets, [Symbol.asyncDispose]: () => environment[Symbol.asyncDispose]() };
  }

  test("is of one instance", async () => {
    await using it = await running();
    expect(await it.boot.diff({ ...it.boot.inputs, instance: other })).toMatchObject({ replaces: ["instance"] });
  });

  test("takes new user-data in place, and only other text is other user-data", async () => {
    await using it = await running();
    const plainText = Buffer.from("#cloud-config\n# one\n").toString("base64");
    expect(await it.boot.diff({ ...it.boot.inputs, userData: plainText, maxUnavailable: 9 })).toMatchObject({
      changes: false,
    });
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

  test("is not switched off for a type that the account may not use", async () => {
    await using it = await running({ unauthorizedTypes: ["standard.large"] });
    const before = it.environment.state.operations.size;
    await expect(it.boot.update({ ...it.boot.inputs, type: "standard.large" })).rejects.toThrow(
      "not authorized for instance type standard.large",
    );
    expect(it.now()).toMatchObject({ state: "running", type: "standard.medium" });
    expect(it.environment.state.operations.size).toBe(before);
  });

  test("takes a type and a disk of it together, however either limits the other", async () => {
    await using it = await running({ kind: "worker" });
    await it.boot.update({ ...it.boot.inputs, type: "standard.extra-large", diskSize: 800 });
    expect(it.now()).toMatchObject({ state: "running", type: "standard.extra-large", diskSize: 800 });
    await it.boot.update({ ...it.boot.inputs, type: "standard.micro", diskSize: 200 });
    expect(it.now()).toMatchObject({ state: "running", type: "standard.micro", diskSize: 200 });
    expect(it.resets).toEqual(["kube-master-1"]);
    expect(await it.boot.refresh()).toBe("same");
  });

  test("of a worker is rebuilt from another template, and for a smaller disk", async () => {
    await using it = await running({ kind: "worker" });
    const template = await it.environment.template("kube-other").create();
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

  test("of a worker that was found again gets the machine spec that is wanted by now", async () => {
    await using it = await running({ kind: "worker" });
    const template = await it.environment.template("kube-other").create();
    it.boot.inputs = { ...it.boot.inputs, template: template.id };
    await it.boot.create();
    expect(it.now()).toMatchObject({ state: "running", template: template.id });
  });

  test("does not leave what `pulumi up` waits for while the cluster lives", async () => {
    await using environment = await openEnvironment();
    const inputs = { ...environment.boot(other).inputs, waitFor: "cluster" as const };
    const check = async (olds: BootInputs, news: BootInputs) =>
      (await providers.boot.check(plain(olds), plain(news))).failures;
    const instances = { ...inputs, waitFor: "instances" as const };
    expect(await check(inputs, inputs)).toEqual([]);
    expect(await check(instances, inputs)).toEqual([]);
    expect(await check(inputs, instances)).toEqual([
      {
        property: "waitFor",
        reason: expect.stringMatching(/^waitFor cannot change .* Set it back: `pulumi config set waitFor cluster`\.$/),
      },
    ]);
  });

  describe("that cannot be changed so is refused, in every preview and before anything is touched:", () => {
    const asked = async ({ boot }: Awaited<ReturnType<typeof running>>, change: Partial<BootInputs>) => {
      const news = { ...boot.inputs, ...change };
      const { failures } = await providers.boot.check(plain(boot.inputs), plain(news));
      // Of another instance nothing is known.
      expect((await providers.boot.check(plain({ ...boot.inputs, instance: other }), plain(news))).failures).toEqual(
        [],
      );
      expect((await providers.boot.check({}, plain(news))).failures).toEqual([]);
      return failures;
    };

    test("a master's disk that would shrink", async () => {
      await using it = await running();
      const reason =
        "the disk of kube-master-1 cannot shrink and keep what is on it: it has 50 GiB, and 40 are asked for. Set it back to 50.";
      expect(await asked(it, { diskSize: 40 })).toEqual([{ property: "diskSize", reason }]);
    });

    test("another family", async () => {
      await using it = await running();
      const reason =
        "kube-master-1 cannot change from standard.medium to cpu.large: on Exoscale an instance stays within its family. Set it back to standard.medium, or destroy the cluster first.";
      expect(await asked(it, { type: "cpu.large" })).toEqual([{ property: "type", reason }]);
    });

    test("another family of workers, though they can be replaced", async () => {
      await using it = await running({ kind: "worker" });
      expect(await asked(it, { name: "kube-worker-12", type: "cpu.large", diskSize: 40 })).toEqual([
        {
          property: "type",
          reason: expect.stringMatching(
            /Set it back to standard\.medium, or replace them all at once, .*: bin\/pulumi up --replace '\*\*:Claim::kube-worker-\*-instance'$/,
          ),
        },
      ]);
    });
  });

  test.each<[string, Partial<BootInputs>, object, string | undefined]>([
    ["nothing", {}, {}, undefined],
    ["more workers at once", { maxUnavailable: 9 }, {}, undefined],
    ["another address of the API", { api: { endpoint: "https://other.example/v2", zone: "local-1" } }, {}, undefined],
    [
      "user-data",
      { userData: encodeUserData("#cloud-config\n# two\n") },
      {},
      "kube-master-1 will be drained and rebooted.",
    ],
    [
      "type",
      { type: "standard.large" },
      {},
      "kube-master-1 will be drained, switched off and started again as standard.large with a disk of 50 GiB.",
    ],
    [
      "a larger disk",
      { diskSize: 60, userData: "IyE=" },
      {},
      "kube-master-1 will be drained, switched off and started again as standard.medium with a disk of 60 GiB.",
    ],
    [
      "a smaller disk",
      { diskSize: 40, type: "standard.large" },
      {},
      "kube-master-1 will be drained and rebuilt: nothing on its disk is kept.",
    ],
    ["template", { template: other }, {}, "kube-master-1 will be drained and rebuilt: nothing on its disk is kept."],
    ["its state", {}, { state: "stopped" }, "kube-master-1 is stopped and will be started."],
    [
      "its health",
      {},
      { well: false },
      "kube-master-1 was unhealthy after its reboot: it will be checked, and repaired if it still is.",
    ],
    ["another instance", { instance: other, template: other }, {}, undefined],
  ])("says in every preview what becomes of the node: %s", (_what, change, found, notice) => {
    const made = {
      api: { endpoint: "https://notices.example/v2", zone: "local-1" },
      instance: "one",
      type: "standard.medium",
      diskSize: 50,
      template: "one",
    };
    const inputs = {
      ...made,
      name: "kube-master-1",
      userData: encodeUserData("#cloud-config\n"),
      maxUnavailable: 1,
    } as BootInputs;
    const outs = { ...made, userDataSha256: userDataSha256(inputs.userData), state: "running", well: true };
    const diff = boot.diff("one", { ...outs, ...found }, { ...inputs, ...change });
    expect(diff.notice).toBe(notice);
    if (notice) expect(diff.changes).toBe(true);
  });

  test.each<[string, object]>([
    ["stopped", { state: "stopped" }],
    ["given other user-data", { userData: Buffer.from("#!/bin/sh").toString("base64") }],
    ["made larger", { type: "standard.large" }],
    ["rebuilt from another template", { template: other }],
  ])("of an instance that was %s by hand is repaired", async (_what, change) => {
    await using it = await running({ kind: "worker" });
    const before = it.now();
    it.environment.edit(it.master.id, change);
    expect(await it.boot.refresh()).toBe("changes");
    await it.boot.update();
    expect(it.now()).toEqual(before);
    expect(await it.boot.refresh()).toBe("same");
  });

  test.each(["master", "worker"] as const)(
    "of a %s keeps a disk that was made larger by hand, until a setting says how large it is",
    async (kind) => {
      await using it = await running({ kind });
      const notice = () => boot.diff("", it.boot.outs, it.boot.inputs).notice;
      it.environment.edit(it.master.id, { diskSize: 80 });
      expect(await it.boot.refresh()).toBe("same");
      const said = `The disk of kube-master-1 has 80 GiB, and ${kind}Disk is 50: it was made larger by hand, and is kept. \`pulumi config set ${kind}Disk 80\` makes it so for every ${kind}.`;
      expect(notice()).toBe(said);
      const userData = encodeUserData("#cloud-config\n# two\n");
      expect(boot.diff("", it.boot.outs, { ...it.boot.inputs, userData }).notice).toBe(
        `kube-master-1 will be drained and rebooted. ${said}`,
      );
      await it.boot.update({ ...it.boot.inputs, userData });
      expect(it.now()).toMatchObject({ diskSize: 80, userData, state: "running" });
      expect(notice()).toBe(said);
      const calls = it.now();
      const asTold = { ...it.boot.inputs, diskSize: 80 };
      expect(boot.diff("", it.boot.outs, asTold)).toMatchObject({ changes: true, notice: undefined });
      await it.boot.update(asTold);
      expect(it.now()).toBe(calls);
      expect(await it.boot.refresh()).toBe("same");
      expect(it.boot.outs).not.toHaveProperty("grownDisk");
      expect(it.resets).toEqual([]);
      // From here on it is as any other of that size.
      expect(boot.diff("", it.boot.outs, { ...asTold, diskSize: 50 }).notice).toContain("rebuilt");
    },
  );

  test("of a worker whose disk was made larger by hand, unseen, is not rebuilt for another reason", async () => {
    await using it = await running({ kind: "worker" });
    it.environment.edit(it.master.id, { diskSize: 80 });
    await it.boot.update({ ...it.boot.inputs, userData: encodeUserData("#cloud-config\n# two\n") });
    await it.boot.update({ ...it.boot.inputs, diskSize: 100 });
    expect(it.now()).toMatchObject({ diskSize: 100, state: "running" });
    expect(it.resets).toEqual([]);
  });

  test("of a worker outlives its template: one that is registered again from the same image is the same", async () => {
    await using it = await running({ kind: "worker" });
    const { template, ...inputs } = { ...it.boot.inputs, image: "flatcar one" };
    // A state from before images were recorded.
    expect(await it.boot.diff({ ...inputs, template })).toMatchObject({ changes: true });
    await it.boot.update({ ...inputs, template });
    const again = { ...inputs, template: other };
    expect(await it.boot.diff(again)).toMatchObject({ changes: false });
    expect(await it.boot.refresh()).toBe("same");
    await it.boot.update({ ...again, userData: encodeUserData("#cloud-config\n# two\n") });
    expect(await it.boot.refresh()).toBe("same");
    expect(it.resets).toEqual([]);
    expect(it.now()).toMatchObject({ template, state: "running" });
    // Another image, and one that was chosen by hand, are others.
    expect(await it.boot.diff({ ...again, image: "flatcar two" })).toMatchObject({ changes: true });
    it.environment.edit(it.master.id, { template: "11111111-0000-4000-8000-000000000000" });
    expect(await it.boot.refresh()).toBe("changes");
    await it.boot.update({ ...it.boot.inputs, template });
    expect(it.resets).toEqual(["kube-master-1"]);
    expect(await it.boot.refresh()).toBe("same");
  });

  test("of a node that runs as wanted touches nothing when it is made anew", async () => {
    await using it = await running();
    const before = it.now();
    await it.boot.create();
    expect(it.now()).toBe(before);
  });

  test("goes on where it was interrupted", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    const boot = environment.boot(master.id);
    // Started, but without the current user-data.
    environment.edit(master.id, { state: "running" });
    await boot.create();
    expect(environment.state.instances.get(master.id)).toMatchObject({
      state: "running",
      userData: boot.inputs.userData,
    });
  });

  test("of a deleted instance is gone, and an update says what to do", async () => {
    await using it = await running();
    await it.master.delete();
    await expect(it.boot.update({ ...it.boot.inputs, userData: "IyE=" })).rejects.toThrow(
      /^It is gone \(GET \/instance\/.*404.*Run the same command with --refresh/,
    );
    expect(await it.boot.refresh()).toBe("gone");
  });

  test("of a node that missed a step towards other authorities does not take the next one", async () => {
    await using environment = await openEnvironment();
    const { inputs } = environment.boot(other, { caReplacement: 1 });
    const at = async (caReplacement: number) =>
      (await providers.boot.check(plain(inputs), plain({ ...inputs, caReplacement }))).failures;
    for (const step of [0, 1, 2]) expect(await at(step)).toEqual([]);
    expect(await at(3)).toEqual([
      {
        property: "caReplacement",
        reason: expect.stringMatching(
          /this node is at step 1, not at 2\. .*`pulumi config set caReplacement 2`, then `pulumi up`/,
        ),
      },
    ]);
    // One that is made at any step has no step to miss.
    expect((await providers.boot.check({}, plain({ ...inputs, caReplacement: 3 }))).failures).toEqual([]);
  });

  test("of a node that missed a step towards other keys does not take the next one", async () => {
    await using environment = await openEnvironment();
    const { inputs } = environment.boot(other, { keyReplacement: 2 });
    const at = async (keyReplacement: number) =>
      (await providers.boot.check(plain(inputs), plain({ ...inputs, keyReplacement }))).failures;
    for (const step of [1, 2, 3]) expect(await at(step)).toEqual([]);
    expect(await at(0)).toEqual([
      {
        property: "keyReplacement",
        reason: expect.stringMatching(
          /keys are replaced step by step, and this node is at step 2, not at 1\. .*`pulumi config set keyReplacement 1`/,
        ),
      },
    ]);
  });

  test("whose SSH key or host key would be replaced is refused when the engine asks; a new instance is not", async () => {
    await using environment = await openEnvironment();
    const boot = environment.boot(other, { keyReplacement: 3 });
    boot.identity = other;
    boot.outs = { api: boot.inputs.api, instance: other, userDataSha256: "", state: "running", well: true };
    const ssh = unknownValue as unknown as BootInputs["ssh"];
    await expect(boot.diff({ ...boot.inputs, ssh })).rejects.toThrow(
      /cannot be replaced at once.*`pulumi config set keyReplacement 4`, then `pulumi up`, and the same with 5 and 6/,
    );
    expect(await boot.diff({ ...boot.inputs, ssh, instance: unknownValue })).toMatchObject({ replaces: ["instance"] });
    // A preview of the first step does not know the next key yet.
    const step = { ...boot.inputs, ssh: { ...boot.inputs.ssh, hostKey: unknownValue } };
    expect(await boot.diff(step)).toMatchObject({ replaces: [] });
  });

  test("of too much user-data is refused before any call", async () => {
    await using environment = await openEnvironment();
    const { failures } = await providers.boot.check(
      {},
      plain({ ...environment.boot(other).inputs, userData: "x".repeat(32_769) }),
    );
    expect(failures).toEqual([
      {
        property: "userData",
        reason: "the user-data is 32769 base64 characters long, and Exoscale takes 32768 (24,573 bytes gzipped)",
      },
    ]);
  });
});
