/** What a provider that died has made, and no state tells of. */
import { describe, expect, test } from "vitest";

import type { ClaimInputs } from "../../exoscale/claim.ts";
import { keyMark } from "../../exoscale/identity.ts";
import type { KindName } from "../../exoscale/provider.ts";
import { openWorld, Resource, sshKeys, type World } from "./world.ts";

/** As of a later run: a client of its own, which has not listed anything yet. */
const claim = ({ api }: World, of: ClaimInputs["of"], name: string, mark: string) =>
  new Resource<ClaimInputs>("claim", { api: { ...api, endpoint: api.endpoint + "/".repeat(++runs) }, of, name, mark, uses: [] });
let runs = 0;

const thing = (world: World, of: string): Resource<{ name: string; token?: string }, any> => {
  const make = world[of as "template" | "sshKey" | "antiAffinityGroup" | "securityGroup" | "elasticIp"];
  return make() as unknown as Resource<{ name: string; token?: string }, any>;
};
const markOf = ({ inputs: { name, token } }: Resource<{ name: string; token?: string }, any>) =>
  token ?? keyMark(name, `${sshKeys.public} core@kube`);

describe.concurrent.each<KindName & ClaimInputs["of"]>(["template", "sshKey", "antiAffinityGroup", "securityGroup", "elasticIp"])("the claim on a thing of kind %s", (of) => {
  test("takes with it what was made, and nothing of others", async () => {
    await using world = await openWorld();
    const made = await thing(world, of).create();
    const mark = markOf(made);
    await (await claim(world, of, made.inputs.name, of === "sshKey" ? keyMark(made.inputs.name, "ssh-ed25519 AAAA") : "another").create()).delete();
    expect(await made.refresh()).toBe("same");
    const ours = await claim(world, of, made.inputs.name, mark).create();
    expect(await ours.diff()).toMatchObject({ changes: false });
    await ours.delete();
    expect(world.left()).toEqual(["default"]);
    // Usually there is nothing left.
    await ours.delete();
  });
});

describe.concurrent("the claim on an instance", () => {
  test("takes with it one that was never told what to run", async () => {
    await using world = await openWorld();
    const { instance, elasticIp } = await world.surroundings();
    const master = await instance().create();
    expect(master.outs.elasticIps).toEqual([elasticIp.id]);
    await (await claim(world, "instance", master.inputs.name, master.inputs.token).create()).delete();
    expect(world.state.instances.size).toBe(0);
  });

  test("leaves one that was: somebody took it out of the state", async () => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const master = await instance().create();
    await world.boot(master.id).create();
    await (await claim(world, "instance", master.inputs.name, master.inputs.token).create()).delete();
    expect(world.state.instances.size).toBe(1);
  });

  test("is replaced before the instance is, and minds nothing but its mark", async () => {
    await using world = await openWorld();
    const ours = await claim(world, "instance", "kube-master-1", "t").create();
    expect(await ours.diff({ ...ours.inputs, uses: ["another"] })).toMatchObject({ changes: false });
    expect(await ours.diff({ ...ours.inputs, mark: "another" })).toEqual({ changes: true, replaces: ["mark"], deleteBeforeReplace: true });
  });
});

test("groups whose rules name each other, and nobody remembers, can be deleted", async () => {
  await using world = await openWorld();
  const [one, two] = await Promise.all(["kube-masters", "kube-workers"].map((name) => world.securityGroup(name).create()));
  const rule = (securityGroup: string) => ({ direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, securityGroup, description: "ssh" } as const);
  await world.rules(one!.id, [rule(two!.id)]).create();
  await world.rules(two!.id, [rule(one!.id), rule(two!.id)]).create();
  await Promise.all([one!.delete(), two!.delete()]);
  expect(world.left()).toEqual(["default"]);
});
