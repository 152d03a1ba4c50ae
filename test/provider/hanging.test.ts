/** Operations that never end, and resources that others have left incomplete. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { tokenDescription } from "../../exoscale/find.ts";
import { fakeNode } from "../../node/remote/testing/ssh-server.ts";
import { timeouts } from "../../node/timeouts.ts";
import { noMachines } from "../../zone/machines/none.ts";
import { clientOf } from "../../zone/testing/client.ts";
import { openEnvironment, type Environment } from "./environment.ts";

Object.assign(timeouts, { recheck: 20, ailing: 60 });
beforeAll(() => void vi.stubEnv("EXOSCALE_OPERATION_TIMEOUT", "1"));
afterAll(() => void vi.unstubAllEnvs());

const hang = (environment: Environment, route: string) =>
  environment.zone.faults.add({ kind: "operation-hangs", route, count: 1 });
const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    (error: Error) => error.message,
  );

describe.concurrent("an instance", () => {
  const remedy = "If this persists, delete it, then run the same command with --refresh.";

  test("whose start hangs is named, and so is what to do", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance().create();
    hang(environment, "start-instance");
    expect(await messageOf(environment.boot(master.id).create())).toMatch(
      /^waited 1 s for instance kube-master-1 to start; operation .* is still pending$/,
    );
    expect(await messageOf(environment.boot(master.id).create())).toBe(
      `waited 2 s for instance kube-master-1 (${master.id}) to be running or stopped; it is starting. ${remedy}`,
    );
    await master.delete();
    expect(environment.state.instances.size).toBe(0);
  });

  test("whose stop hangs is seen by a refresh, and can be deleted", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const [master, other] = await Promise.all([instance().create(), instance("kube-master-2").create()]);
    const boot = await environment.boot(master.id, { type: "standard.medium" }).create();
    const otherBoot = await environment.boot(other.id, { group: "others" }).create();
    hang(environment, "stop-instance");
    expect(await messageOf(boot.update({ ...boot.inputs, type: "standard.large" }))).toMatch(
      /^waited 1 s for instance kube-master-1 to stop; /,
    );
    expect(await boot.refresh()).toBe("changes");
    expect(boot.outs.state).toBe("stopping");
    // The next run has queues of its own.
    expect(await messageOf(boot.update({ ...boot.inputs, group: "next run" }))).toContain(
      `to be running or stopped; it is stopping. ${remedy}`,
    );
    // What does not depend on it goes on.
    await otherBoot.update({ ...otherBoot.inputs, userData: Buffer.from("#cloud-config\n").toString("base64") });
    await master.delete();
  });

  test("that drains itself without a kubelet, for longer than an operation may take, is repaired", async () => {
    const starts: string[] = [];
    await using environment = await openEnvironment({
      machines: { ...noMachines(), start: async ({ name }) => void starts.push(name) },
    });
    const { instance } = await environment.surroundings();
    const worker = await instance("kube-worker-1").create();
    await using node = await fakeNode((command) => {
      if (command.endsWith("boot_id")) return { code: 0, output: `boot-${starts.length}` };
      return starts.length > 1 ? { code: 0 } : { code: 1, output: "kube-worker-1: kubelet does not answer" };
    });
    const of = {
      kind: "worker",
      waitFor: "cluster",
      drainTimeout: 30,
      ssh: node.target,
      masters: node.target,
    } as const;
    const boot = await environment.boot(worker.id, of).create();
    hang(environment, "stop-instance");
    setTimeout(() => environment.edit(worker.id, { state: "stopped" }), 2_500);
    await boot.update({ ...boot.inputs, userData: Buffer.from("#cloud-config\n").toString("base64") });
    expect(starts).toHaveLength(2);
    expect(environment.state.instances.get(worker.id)!.state).toBe("running");
  });

  test("whose reset hangs is not taken for rebuilt, though the API says so: the next run resets it again", async () => {
    const resets: string[] = [];
    await using environment = await openEnvironment({
      machines: { ...noMachines(), reset: async ({ name }) => void resets.push(name) },
    });
    const { instance, template } = await environment.surroundings();
    const worker = await instance("kube-worker-1").create();
    const boot = await environment.boot(worker.id, { kind: "worker", template: template.id }).create();
    const wanted = { ...boot.inputs, template: (await environment.template("kube-other").create()).id };
    hang(environment, "reset-instance");
    expect(await messageOf(boot.update(wanted))).toMatch(
      /^waited 1 s for instance kube-worker-1 to reset; operation .* is still pending$/,
    );
    expect(environment.state.instances.get(worker.id)).toMatchObject({ state: "stopped", template: wanted.template });
    expect(resets).toEqual([]);
    await boot.update({ ...wanted, group: "next run's workers" });
    expect(resets).toEqual(["kube-worker-1"]);
    expect(environment.state.instances.get(worker.id)).toMatchObject({ state: "running", template: wanted.template });
  });

  test("whose deletion hangs is not waited for for ever", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = await instance("kube-master-1", { elasticIps: [] }).create();
    hang(environment, "delete-instance");
    expect(await messageOf(master.delete())).toMatch(
      /^waited 1 s for instance kube-master-1 to be deleted; operation .* is still pending$/,
    );
    expect(await messageOf(master.delete())).toBe(
      `waited 2 s for instance kube-master-1 (${master.id}) to be gone; it is still being destroyed. Run the same command again once the API no longer lists it.`,
    );
  });

  test("whose address hangs in between has it, and that is what counts", async () => {
    await using environment = await openEnvironment();
    const { instance, elasticIp } = await environment.surroundings();
    hang(environment, "attach-instance-to-elastic-ip");
    const master = await instance().create();
    expect(master.outs.elasticIps).toEqual([elasticIp.id]);
  });
});

describe("a template", () => {
  test("whose import hangs is replaced", async () => {
    await using environment = await openEnvironment();
    const template = environment.template();
    hang(environment, "register-template");
    const error = await template.create().catch((error: unknown) => error);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^waited 1 s for template kube-flatcar to be created; operation .* is still pending$/,
      ),
    });
    const { id, properties } = error as { id: string; properties: typeof template.outs };
    template.identity = id;
    template.outs = properties;
    expect(await template.diff()).toEqual({ changes: true, replaces: ["imported"], deleteBeforeReplace: true });
    // A refresh does not forget it.
    expect(await template.refresh()).toBe("changes");
    await template.delete();
    await template.create();
    expect([...environment.state.templates.values()]).toMatchObject([{ imported: true }]);
    expect(await template.diff()).toMatchObject({ changes: false });
  });

  test.each(["usual", "other"] as const)(
    "that is on its way since an interrupted run is waited for by those made from it, with %s texts",
    async (errorTexts) => {
      await using environment = await openEnvironment({ operationDelay: 1_500, errorTexts });
      vi.stubEnv("EXOSCALE_OPERATION_TIMEOUT", "30");
      const { instance, template } = await environment.surroundings();
      await template.delete();
      const { name, url, checksum, bootMode, defaultUser, token } = template.inputs;
      await clientOf(environment.zone).call("POST", "/template", {
        name,
        url,
        checksum,
        "boot-mode": bootMode,
        "default-user": defaultUser,
        description: tokenDescription(token),
        "ssh-key-enabled": true,
        "password-enabled": false,
      });
      await template.create();
      expect(environment.state.templates.get(template.id)).toMatchObject({ imported: false });
      await instance("kube-worker-1", { template: template.id, elasticIps: [] }).create();
      vi.stubEnv("EXOSCALE_OPERATION_TIMEOUT", "1");
    },
  );
});
