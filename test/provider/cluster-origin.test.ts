/** Which key encrypts the Secrets of a cluster: decided once, by what runs when the resource is made. */
import { expect, test } from "vitest";

import type { ClusterOriginInputs, ClusterOriginOutputs } from "../../node/rollout/cluster-origin.ts";
import { openEnvironment, Resource, type Environment } from "./environment.ts";

const originOf = async ({ api }: Environment, cluster = "kube") =>
  new Resource<ClusterOriginInputs, ClusterOriginOutputs>("clusterOrigin", { api, cluster }).create();

test("the random key, where there is nothing yet", async () => {
  await using environment = await openEnvironment();
  expect((await originOf(environment)).outs.secretsKey).toBe("random");
});

test("the random key, where a first run was interrupted before its masters booted", async () => {
  await using environment = await openEnvironment();
  await environment.node("kube", "master", { booted: false });
  expect((await originOf(environment)).outs.secretsKey).toBe("random");
});

test("the derived key, where a master has booted", async () => {
  await using environment = await openEnvironment();
  await environment.node("kube", "master");
  expect((await originOf(environment)).outs.secretsKey).toBe("derived");
});

test("the random key, where only workers have booted: Secrets are none of theirs", async () => {
  await using environment = await openEnvironment();
  await environment.node("kube", "worker");
  expect((await originOf(environment)).outs.secretsKey).toBe("random");
});

test("the random key, where the masters are another cluster's", async () => {
  await using environment = await openEnvironment();
  await environment.node("other", "master");
  expect((await originOf(environment)).outs.secretsKey).toBe("random");
});

test.each(["random", "derived"] as const)("%s stays, whatever comes later", async (secretsKey) => {
  await using environment = await openEnvironment();
  if (secretsKey === "derived") await environment.node("kube", "master");
  const origin = await originOf(environment);
  if (secretsKey === "random") await environment.node("kube", "master");
  expect(origin.outs.secretsKey).toBe(secretsKey);
  expect(await origin.refresh()).toBe("same");
  expect(origin.outs.secretsKey).toBe(secretsKey);
  const elsewhere = { ...origin.inputs, api: { ...environment.api, endpoint: `${environment.api.endpoint}/` } };
  expect(await origin.diff(elsewhere)).toMatchObject({ changes: false });
  expect((await origin.update(elsewhere)).outs).toEqual({ ...elsewhere, secretsKey });
  await origin.delete();
  expect(environment.state.instances.size).toBe(1);
});
