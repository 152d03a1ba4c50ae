/** Which key encrypts the Secrets of a cluster: decided once, by what runs when the resource is made. */
import { expect, test } from "vitest";

import type { ClusterOriginInputs, ClusterOriginOutputs } from "../../node/rollout/cluster-origin.ts";
import { openWorld, Resource, type World } from "./environment.ts";

const originOf = async ({ api }: World, cluster = "kube") =>
  new Resource<ClusterOriginInputs, ClusterOriginOutputs>("clusterOrigin", { api, cluster }).create();

/** An instance of a cluster, with a user-data of its own or still without. */
async function add(world: World, cluster: string, role: "master" | "worker", booted: boolean) {
  const { instance } = await world.surroundings(cluster);
  const made = await instance(`${cluster}-${role}-1`, { labels: { cluster, role } }).create();
  if (booted) await world.boot(made.id).create();
  return made;
}

test("the random key, where there is nothing yet", async () => {
  await using world = await openWorld();
  expect((await originOf(world)).outs.secretsKey).toBe("random");
});

test("the random key, where a first run was interrupted before its masters booted", async () => {
  await using world = await openWorld();
  await add(world, "kube", "master", false);
  expect((await originOf(world)).outs.secretsKey).toBe("random");
});

test("the derived key, where a master has booted", async () => {
  await using world = await openWorld();
  await add(world, "kube", "master", true);
  expect((await originOf(world)).outs.secretsKey).toBe("derived");
});

test("the random key, where only workers have booted: Secrets are none of theirs", async () => {
  await using world = await openWorld();
  await add(world, "kube", "worker", true);
  expect((await originOf(world)).outs.secretsKey).toBe("random");
});

test("the random key, where the masters are another cluster's", async () => {
  await using world = await openWorld();
  await add(world, "other", "master", true);
  expect((await originOf(world)).outs.secretsKey).toBe("random");
});

test.each(["random", "derived"] as const)("%s stays, whatever comes later", async (secretsKey) => {
  await using world = await openWorld();
  if (secretsKey === "derived") await add(world, "kube", "master", true);
  const origin = await originOf(world);
  if (secretsKey === "random") await add(world, "kube", "master", true);
  expect(origin.outs.secretsKey).toBe(secretsKey);
  expect(await origin.refresh()).toBe("same");
  expect(origin.outs.secretsKey).toBe(secretsKey);
  const elsewhere = { ...origin.inputs, api: { ...world.api, endpoint: `${world.api.endpoint}/` } };
  expect(await origin.diff(elsewhere)).toMatchObject({ changes: false });
  expect((await origin.update(elsewhere)).outs).toEqual({ ...elsewhere, secretsKey });
  await origin.delete();
  expect(world.state.instances.size).toBe(1);
});
