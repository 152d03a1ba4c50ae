/** What a provider that died has made, and no state tells of. */
import { describe, expect, test } from "vitest";

import type { ClaimInputs } from "../../exoscale/claim.ts";
import { keyToken } from "../../exoscale/identity.ts";
import { openWorld, Resource, sshKeys, type World } from "./environment.ts";

type Thing = Resource<{ name: string; token?: string }, { readonly elasticIps?: readonly string[] }>;

/** As of a later run: a client of its own, which has not listed anything yet. */
const claim = ({ api }: World, of: ClaimInputs["of"], name: string, more: Partial<ClaimInputs> = {}) =>
  new Resource<ClaimInputs>("claim", {
    api: { ...api, endpoint: api.endpoint + "/".repeat(++runs) },
    of,
    name,
    uses: [],
    ...more,
  }).create();
let runs = 0;

/** Made with the token of its claim. */
const claimed = (thing: Thing, { identity: token }: { readonly identity: string }): Promise<Thing> => {
  thing.inputs = { ...thing.inputs, token };
  return thing.create();
};

describe.concurrent.each(["template", "antiAffinityGroup", "securityGroup", "elasticIp"] as const)(
  "the claim on a thing of kind %s",
  (of) => {
    test("takes with it what was made, and nothing of others", async () => {
      await using world = await openWorld();
      const thing = world[of]() as unknown as Thing;
      const ours = await claim(world, of, thing.inputs.name);
      expect(ours.identity).toMatch(/^[0-9a-f]{16}$/);
      const made = await claimed(thing, ours);
      await (await claim(world, of, made.inputs.name)).delete();
      expect(await made.refresh()).toBe("same");
      expect(await ours.diff()).toMatchObject({ changes: false });
      await ours.delete();
      expect(world.left()).toEqual(["default"]);
      // Usually there is nothing left.
      await ours.delete();
    });
  },
);

test("the claim on an SSH key takes with it the one with that name and that key", async () => {
  await using world = await openWorld();
  const {
    inputs: { name },
  } = await world.sshKey().create();
  const others = await claim(world, "sshKey", name, { mark: keyToken(name, "ssh-ed25519 AAAA") });
  await others.delete();
  expect(world.left()).toContain(name);
  const ours = await claim(world, "sshKey", name, { mark: keyToken(name, `${sshKeys.public} core@kube`) });
  expect(await ours.diff(others.inputs)).toEqual({ changes: true, replaces: ["mark"], deleteBeforeReplace: false });
  await ours.delete();
  expect(world.left()).toEqual(["default"]);
});

describe.concurrent("the claim on an instance", () => {
  test("takes with it one that was never told what to run", async () => {
    await using world = await openWorld();
    const { instance, elasticIp } = await world.surroundings();
    const ours = await claim(world, "instance", "kube-master-1");
    const master = await claimed(instance(), ours);
    expect(master.outs.elasticIps).toEqual([elasticIp.id]);
    await ours.delete();
    expect(world.state.instances.size).toBe(0);
  });

  test("leaves one that was: somebody took it out of the state", async () => {
    await using world = await openWorld();
    const { instance } = await world.surroundings();
    const ours = await claim(world, "instance", "kube-master-1");
    const master = await claimed(instance(), ours);
    await world.boot(master.id).create();
    await ours.delete();
    expect(world.state.instances.size).toBe(1);
  });

  test("is deleted before its successor is made, which is to have its name", async () => {
    await using world = await openWorld();
    const ours = await claim(world, "instance", "kube-master-1");
    expect(await ours.diff({ ...ours.inputs, uses: ["another"] })).toMatchObject({ changes: false });
    expect(await ours.diff({ ...ours.inputs, name: "kube-master-2" })).toMatchObject({
      changes: true,
      replaces: [],
      deleteBeforeReplace: true,
    });
    expect(await ours.diff({ ...ours.inputs, mark: "another" })).toEqual({
      changes: true,
      replaces: ["mark"],
      deleteBeforeReplace: true,
    });
  });
});

test("what is made of something else is claimed anew", async () => {
  await using world = await openWorld();
  const ours = await claim(world, "template", "kube", { keepers: { checksum: "1" } });
  expect(await ours.diff()).toMatchObject({ changes: false });
  expect(await ours.diff({ ...ours.inputs, keepers: { checksum: "2" } })).toEqual({
    changes: true,
    replaces: ["keepers"],
    deleteBeforeReplace: false,
  });
});

test("groups whose rules name each other, and nobody remembers, can be deleted", async () => {
  await using world = await openWorld();
  const [one, two] = await Promise.all(
    ["kube-masters", "kube-workers"].map((name) => world.securityGroup(name).create()),
  );
  const rule = (securityGroup: string) =>
    ({ direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, securityGroup, description: "ssh" }) as const;
  await world.rules(one!.id, [rule(two!.id)]).create();
  await world.rules(two!.id, [rule(one!.id), rule(two!.id)]).create();
  await Promise.all([one!.delete(), two!.delete()]);
  expect(world.left()).toEqual(["default"]);
});
