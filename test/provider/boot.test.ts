/** What a change does to a running instance, what of it is refused, and what a refresh finds and an update repairs. */
import { describe, expect, test } from "vitest";

import { boot, type BootInputs } from "../../node/rollout/boot.ts";
import { providers } from "../../provider/handlers.ts";
import { encodeUserData, userDataSha256 } from "../../exoscale/user-data.ts";
import { noMachines } from "../../zone/machines/none.ts";
import { openEnvironment, plain } from "./environment.ts";

const other = "00000000-0000-4000-8000-000000000000";

describe.concurrent("a boot", () => {
  async function running({ kind = "master" }: { kind?: BootInputs["kind"] } = {}) {
    const resets: string[] = [];
    const environment = await openEnvironment({
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

    test("a master's disk that was made larger by hand", async () => {
      await using it = await running();
      it.environment.edit(it.master.id, { diskSize: 80 });
      const before = it.now();
      expect(await it.boot.refresh()).toBe("changes");
      await expect(it.boot.update()).rejects.toThrow(
        "kube-master-1 was not touched: the disk of kube-master-1 cannot shrink and keep what is on it: it has 80 GiB, and 50 are asked for. Set it back to 80.",
      );
      expect(it.now()).toEqual(before);
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
    ["given a larger disk", { diskSize: 80 }],
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
