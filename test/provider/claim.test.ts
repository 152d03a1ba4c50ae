/** What a provider that died has made, and no state tells of. */
import { describe, expect, test } from "vitest";

import type { ClaimInputs } from "../../exoscale/claim.ts";
import { keyToken } from "../../exoscale/identity.ts";
import { openEnvironment, Resource, sshKeys, type Environment } from "./environment.ts";

type Thing = Resource<{ name: string; token?: string }, { readonly elasticIps?: readonly string[] }>;

/** As of a later run: a client of its own, which has not listed anything yet. */
const claim = ({ api }: Environment, of: ClaimInputs["of"], name: string, more: Partial<ClaimInputs> = {}) =>
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
    test("deletes what was created, and nothing of others", async () => {
      await using environment = await openEnvironment();
      const thing = environment[of]() as unknown as Thing;
      const ours = await claim(environment, of, thing.inputs.name);
      expect(ours.identity).toMatch(/^[0-9a-f]{16}$/);
      const made = await claimed(thing, ours);
      await (await claim(environment, of, made.inputs.name)).delete();
      expect(await made.refresh()).toBe("same");
      expect(await ours.diff()).toMatchObject({ changes: false });
      await ours.delete();
      expect(environment.left()).toEqual(["default"]);
      // Usually there is nothing left.
      await ours.delete();
    });
  },
);

test.concurrent.each(["template", "antiAffinityGroup", "securityGroup", "elasticIp", "sshKey"] as const)(
  "the claim on a thing of kind %s leaves it where instances used it: it was taken out of the state",
  async (of) => {
    await using environment = await openEnvironment();
    const { instance, ...things } = await environment.surroundings();
    const { inputs } = things[of] as unknown as Thing;
    const mark = keyToken("kube", `${sshKeys.public} core@kube`);
    const ours = await claim(environment, of, inputs.name, of === "sshKey" ? { mark } : {});
    if (of !== "sshKey") ours.identity = inputs.token!;
    const left = environment.left();
    const master = await instance().create();
    await ours.delete();
    await master.delete();
    await ours.delete();
    expect(environment.left()).toEqual(left);
  },
);

test("the claim on an SSH key takes with it the one with that name and that key", async () => {
  await using environment = await openEnvironment();
  const {
    inputs: { name },
  } = await environment.sshKey().create();
  const others = await claim(environment, "sshKey", name, { mark: keyToken(name, "ssh-ed25519 AAAA") });
  await others.delete();
  expect(environment.left()).toContain(name);
  const ours = await claim(environment, "sshKey", name, { mark: keyToken(name, `${sshKeys.public} core@kube`) });
  expect(await ours.diff(others.inputs)).toEqual({ changes: true, replaces: ["mark"], deleteBeforeReplace: false });
  await ours.delete();
  expect(environment.left()).toEqual(["default"]);
});

describe.concurrent("the claim on an instance", () => {
  test("deletes one with an empty cloud-config", async () => {
    await using environment = await openEnvironment();
    const { instance, elasticIp } = await environment.surroundings();
    const ours = await claim(environment, "instance", "kube-master-1");
    const master = await claimed(instance(), ours);
    expect(master.outs.elasticIps).toEqual([elasticIp.id]);
    await ours.delete();
    expect(environment.state.instances.size).toBe(0);
  });

  test("leaves one with user-data of its own: it was taken out of the state", async () => {
    await using environment = await openEnvironment();
    const { instance } = await environment.surroundings();
    const ours = await claim(environment, "instance", "kube-master-1");
    const master = await claimed(instance(), ours);
    await environment.boot(master.id).create();
    await ours.delete();
    expect(environment.state.instances.size).toBe(1);
  });

  test("is deleted before its successor is made, which is to have its name", async () => {
    await using environment = await openEnvironment();
    const ours = await claim(environment, "instance", "kube-master-1");
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

test("a resource with other keepers is claimed again", async () => {
  await using environment = await openEnvironment();
  const ours = await claim(environment, "template", "kube", { keepers: { checksum: "1" } });
  expect(await ours.diff()).toMatchObject({ changes: false });
  expect(await ours.diff({ ...ours.inputs, keepers: { checksum: "2" } })).toEqual({
    changes: true,
    replaces: ["keepers"],
    deleteBeforeReplace: false,
  });
});

test("groups whose rules name each other, and nobody remembers, can be deleted", async () => {
  await using environment = await openEnvironment();
  const [one, two] = await Promise.all(
    ["kube-masters", "kube-workers"].map((name) => environment.securityGroup(name).create()),
  );
  const rule = (securityGroup: string) =>
    ({ direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, securityGroup, description: "ssh" }) as const;
  await environment.rules(one!.id, [rule(two!.id)]).create();
  await environment.rules(two!.id, [rule(one!.id), rule(two!.id)]).create();
  await Promise.all([one!.delete(), two!.delete()]);
  expect(environment.left()).toEqual(["default"]);
});
