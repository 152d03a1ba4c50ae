/** An instance that has never been started, in zones that show or take everything before, or nothing. */
import { describe, expect, test } from "vitest";

import { noMachines } from "../../zone/machines/none.ts";
import type { TestApiOptions } from "../../zone/testing/zone.ts";
import type { Machines } from "../../zone/types.ts";
import { openEnvironment } from "./environment.ts";

const usual = { address: "before-start", attach: "before-start", errorTexts: "usual" } as const;

/** A zone with an instance's surroundings, and the operations on it so far, without those of what it uses. */
async function zoneWith(options: TestApiOptions) {
  const environment = await openEnvironment({ ...usual, ...options });
  const { instance, elasticIp, ...rest } = await environment.surroundings();
  const before = environment.state.operations.size;
  const calls = () => [...environment.state.operations.values()].slice(before).map(({ command }) => command);
  return { environment, instance, elasticIp, calls, ...rest, [Symbol.asyncDispose]: environment[Symbol.asyncDispose] };
}

const create = ["create-instance"];
const run = ["start-instance", "stop-instance"];
const attach = ["attach-instance-to-elastic-ip"];

describe.concurrent("a new instance", () => {
  test.each<[TestApiOptions, readonly string[]]>([
    [{}, [...create, ...attach]],
    [{ address: "after-start" }, [...create, ...run, ...attach]],
    [{ attach: "after-start" }, [...create, ...run, ...attach]],
    [{ address: "after-start", attach: "after-start" }, [...create, ...run, ...attach]],
  ])("in a zone with %j is made by the least calls", async (options, calls) => {
    await using zone = await zoneWith(options);
    const master = await zone.instance().create();
    expect(zone.calls()).toEqual(calls);
    expect(zone.environment.state.instances.get(master.id)).toMatchObject({
      state: "stopped",
      elasticIps: [zone.elasticIp.id],
    });
    expect(master.outs.publicIp).toMatch(/^198\.18\./);
    expect(await master.refresh()).toBe("same");
  });

  test("takes another security group, and what it took already is not asked for again", async () => {
    await using zone = await zoneWith({ attach: "after-start" });
    const group = await zone.environment.securityGroup("kube-more").create();
    const worker = await zone.instance("kube-worker-1", { elasticIps: [] }).create();
    expect(zone.calls().slice(1)).toEqual(create);
    const securityGroups = [...worker.inputs.securityGroups, group.id];
    await worker.update({ ...worker.inputs, securityGroups, elasticIps: [zone.elasticIp.id] });
    expect(zone.calls().slice(2)).toEqual([...run, "attach-instance-to-security-group", ...attach]);
    expect(zone.environment.state.instances.get(worker.id)).toMatchObject({ securityGroups, state: "stopped" });
  });
});

describe.concurrent("an instance is not started for a change that is refused", () => {
  test("if it has a cloud-config of its own", async () => {
    await using zone = await zoneWith({ attach: "after-start" });
    const master = await zone.instance("kube-master-1", { elasticIps: [] }).create();
    // As if it had never been started.
    await zone.environment.boot(master.id).create();
    zone.environment.edit(master.id, { state: "stopped", started: false });
    const calls = zone.calls().length;
    await expect(master.update({ ...master.inputs, elasticIps: [zone.elasticIp.id] })).rejects.toThrow(
      /:attach: 409: .* has never been started/,
    );
    expect(zone.calls().slice(calls)).toEqual([]);
  });

  test("more than once", async () => {
    const machines: Machines = {
      ...noMachines(),
      // The zone forgets that it has run.
      stop: async ({ id }) => zone.environment.edit(id, { started: false }),
    };
    await using zone = await zoneWith({ attach: "after-start", machines });
    await expect(zone.instance().create()).rejects.toThrow(/:attach: 409: .* has never been started/);
    expect(zone.calls()).toEqual([...create, ...run]);
  });
});
