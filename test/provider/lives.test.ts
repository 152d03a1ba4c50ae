/** What is made, found again, and gone: also with an API that loses answers. */
import { describe, expect, test } from "vitest";

import type { FaultKind } from "../../zone/api/faults.ts";
import { timeouts } from "../../exoscale/timeouts.ts";
import { providers } from "../../provider/handlers.ts";
import { openEnvironment, plain, type Environment } from "./environment.ts";

timeouts.retry = 50;

/** Makes one of everything, looks at it, and deletes it. */
async function wholeLife(environment: Environment, name = "kube"): Promise<void> {
  const { all, instance, securityGroup, elasticIp } = await environment.surroundings(name);
  const rules = await environment
    .rules(securityGroup.id, [
      { direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, network: "0.0.0.0/0", description: "ssh" },
      {
        direction: "ingress",
        protocol: "icmp",
        icmp: { type: 8, code: 0 },
        securityGroup: securityGroup.id,
        description: "ping",
      },
    ])
    .create();
  const master = await instance().create();
  expect(master.outs.publicIp).toMatch(/^198\.18\./);
  expect(environment.state.instances.get(master.id)).toMatchObject({
    state: "stopped",
    elasticIps: [elasticIp.id],
    labels: { cluster: name, "creation-token": master.inputs.token },
  });
  const boot = await environment.boot(master.id).create();
  expect(environment.state.instances.get(master.id)).toMatchObject({
    state: "running",
    userData: boot.inputs.userData,
  });
  expect(JSON.stringify(boot.outs)).not.toContain(boot.inputs.userData);
  expect(JSON.stringify(boot.outs)).not.toContain("PRIVATE KEY");

  const everything = [...all, rules, master, boot];
  for (const each of everything) {
    expect(await each.diff(), each.kind).toMatchObject({ changes: false });
    expect(await each.refresh(), each.kind).toBe("same");
    // Found again, not made again, should the engine have forgotten it.
    expect(await providers[each.kind].create(plain(each.inputs)), each.kind).toMatchObject({ id: each.identity });
  }
  expect([...environment.state.instances.values()].filter((each) => each.name === master.inputs.name)).toHaveLength(1);
  for (const each of everything.reverse()) await each.delete();
  // It may be gone before.
  for (const each of everything) await each.delete();
  for (const each of everything.filter(({ kind }) => kind !== "boot"))
    expect(await each.refresh(), each.kind).toBe("gone");
}

describe.concurrent("everything is made, needs nothing, and leaves nothing", () => {
  test.each(["before-start", "after-start"] as const)("with an address that is shown %s", async (address) => {
    await using environment = await openEnvironment({ address });
    await wholeLife(environment);
    expect(environment.left()).toEqual(["default"]);
  });

  const faults: FaultKind[] = ["rate-limit", "server-error", "unavailable", "drop-before", "drop-after"];
  const routes = [
    "create-instance",
    "list-instances",
    "attach-instance-to-elastic-ip",
    "detach-instance-from-elastic-ip",
    "update-instance",
    "start-instance",
    "delete-instance",
    "create-elastic-ip",
    "delete-elastic-ip",
    "register-template",
    "delete-template",
    "register-ssh-key",
    "delete-ssh-key",
    "create-security-group",
    "delete-security-group",
    "add-rule-to-security-group",
    "delete-rule-from-security-group",
    "create-anti-affinity-group",
    "get-operation",
  ];
  test.each(faults)("with %s of every call once", async (kind) => {
    await using environment = await openEnvironment();
    for (const route of routes) environment.zone.faults.add({ kind, route, count: 1, seconds: 0 });
    await wholeLife(environment);
    expect(environment.left()).toEqual(["default"]);
    expect(environment.zone.faults.list()).toEqual([]);
  });

  test("with a rate of calls that is exceeded", async () => {
    const log: string[] = [];
    await using environment = await openEnvironment({ rate: 10, log: (line) => void log.push(line) });
    await wholeLife(environment);
    expect(environment.left()).toEqual(["default"]);
    expect(log.some((line) => line.includes(" 429 "))).toBe(true);
  });

  test("with one call in ten going wrong", async () => {
    await using environment = await openEnvironment();
    for (const kind of faults) environment.zone.faults.add({ kind, share: 0.02 });
    await Promise.all(["a", "b", "c"].map((name) => wholeLife(environment, name)));
    expect(environment.left()).toEqual(["default"]);
  });
});

describe.concurrent("what fails", () => {
  test("is remembered with its id and its code, so that it can be deleted", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const master = instance();
    environment.zone.faults.add({ kind: "operation-fails", route: "attach-instance-to-elastic-ip", count: 1 });
    const error = await master.create().catch((error: unknown) => error);
    const [id] = [...environment.state.instances.keys()];
    expect(error).toMatchObject({
      id,
      properties: { name: "kube-master-1", __provider: "code" },
      message: expect.stringMatching(
        /^elastic IP of instance kube-master-1 to be attached: the operation ended in failure: fault/,
      ),
    });
    // The engine goes on with an update.
    master.identity = id!;
    master.outs = (error as { properties: typeof master.outs }).properties;
    await master.update();
    expect(master.outs.publicIp).toMatch(/^198\.18\./);
    expect(await master.refresh()).toBe("same");
    expect((await providers.instance.read(master.identity, plain(master.outs))).id).toBe(
      `${id}/${master.outs.publicIp}`,
    );
  });

  test("before anything is there leaves nothing to remember", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    environment.zone.faults.add({ kind: "operation-fails", route: "create-instance", count: 1 });
    const error = await instance()
      .create()
      .catch((error: unknown) => error);
    expect(error).not.toHaveProperty("id");
    expect(error).toMatchObject({
      message: expect.stringContaining("instance kube-master-1 to be created: the operation ended in failure"),
    });
    await instance("kube-master-1").create();
    expect(environment.state.instances.size).toBe(1);
  });

  test("as an instance of a template that is not ready, long after its import, is refused at once", async () => {
    await using environment = await openEnvironment();
    const { instance, template } = await environment.surroundings();
    const record = environment.state.templates.get(template.id)!;
    const old = { ...record, imported: false, createdAt: "2026-01-01T00:00:00Z" };
    environment.state.write((write) => write.put("templates", old));
    await expect(instance().create()).rejects.toThrow(/^POST \/instance: 409: /);
  });

  test("says which types there are", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    await expect(instance("a", { type: "standard.gigantic" }).create()).rejects.toThrow(
      /no instance type standard\.gigantic in this zone; there are cpu\..*standard\.medium/,
    );
  });

  test("says which types there are for an account that may not use the wanted one", async () => {
    await using environment = await openEnvironment({ unauthorizedTypes: ["standard.medium"] });
    const { instance } = await environment.surroundings();
    const wanted = instance("a", { type: "standard.medium" }).create();
    await expect(wanted).rejects.toThrow(
      /^The account is not authorized for instance type standard\.medium; ask Exoscale's support for it, or choose another: cpu\./,
    );
    await wanted.catch(({ message }: Error) => {
      for (const closed of [/standard\.medium.*standard\.medium/, /colossus/]) expect(message).not.toMatch(closed);
    });
  });

  test("never takes another's resources", async () => {
    await using environment = await openEnvironment();
    const { all, instance } = await environment.surroundings();
    const theirs = [...all, await instance().create()];
    for (const each of theirs) {
      const mine = { ...each.inputs, token: "another" } as object;
      if (each.kind === "sshKey")
        Object.assign(mine, {
          publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5vdE15S2V5Tm90TXlLZXlOb3RNeUtleU5vdE15S2V5",
        });
      await expect(providers[each.kind].create(plain(mine)), each.kind).rejects.toThrow("exists already");
      expect(await each.refresh(), each.kind).toBe("same");
    }
  });

  test("a key of the same name that is not ours stays", async () => {
    await using environment = await openEnvironment();
    const key = await environment.sshKey().create();
    await key.delete();
    const theirs = environment.sshKey();
    theirs.inputs = {
      ...theirs.inputs,
      publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5vdE15S2V5Tm90TXlLZXlOb3RNeUtleU5vdE15S2V5",
    };
    await theirs.create();
    expect(await key.refresh()).toBe("changes");
    await key.delete();
    expect(await theirs.refresh()).toBe("same");
  });
});
