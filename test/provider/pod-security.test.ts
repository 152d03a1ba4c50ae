/** Which level of Pod Security is enforced, and what is asked before a stricter one. */
import { expect, test } from "vitest";

import type { Shell } from "../../node/remote/testing/ssh-server.ts";
import type { PodSecurityInputs, PodSecurityOutputs } from "../../node/rollout/pod-security.ts";
import { timeouts } from "../../node/timeouts.ts";
import { providers } from "../../provider/handlers.ts";
import { fakeMasters, openEnvironment, plain, Resource, type Environment } from "./environment.ts";

timeouts.recheck = 1;

/** The resource of a cluster whose masters answer so; `calls` are the levels that they were asked about. */
async function podSecurityOf({ api }: Environment, shell?: Shell) {
  const fake = await fakeMasters(shell);
  const inputs: PodSecurityInputs = { api, cluster: "kube", waitFor: "cluster", masters: fake.target };
  const make = (more: Partial<PodSecurityInputs> = {}) =>
    new Resource<PodSecurityInputs, PodSecurityOutputs>("podSecurity", { ...inputs, ...more });
  return { make, inputs, ...fake };
}

test("a new cluster begins with baseline, or what is wanted, and nobody is asked", async () => {
  await using environment = await openEnvironment();
  await using cluster = await podSecurityOf(environment);
  expect((await cluster.make().create()).outs.level).toBe("baseline");
  expect((await cluster.make({ wanted: "restricted" }).create()).outs.level).toBe("restricted");
  expect(cluster.calls()).toEqual([]);
});

test("one of a release before goes on with privileged", async () => {
  await using environment = await openEnvironment();
  await environment.node("kube", "master");
  await using cluster = await podSecurityOf(environment);
  expect((await cluster.make().create()).outs.level).toBe("privileged");
  expect((await cluster.make({ wanted: "privileged" }).create()).outs.level).toBe("privileged");
  expect(cluster.calls()).toEqual([]);
});

test("what is enforced stays while nothing is wanted", async () => {
  await using environment = await openEnvironment();
  await using cluster = await podSecurityOf(environment);
  const resource = cluster.make({ wanted: "restricted" });
  await resource.create();
  expect(await resource.diff({ ...cluster.inputs, wanted: undefined })).toEqual({ changes: false });
  expect(await resource.refresh()).toBe("same");
});

test("a stricter level is asked about first, a looser one is not", async () => {
  await using environment = await openEnvironment();
  await using cluster = await podSecurityOf(environment);
  const resource = cluster.make();
  await resource.create();
  for (const wanted of ["restricted", "baseline", "privileged", "baseline"] as const) {
    expect(await resource.diff({ ...cluster.inputs, wanted })).toEqual({
      changes: wanted !== resource.outs.level,
    });
    expect((await resource.update({ ...cluster.inputs, wanted })).outs.level).toBe(wanted);
  }
  expect(cluster.calls()).toEqual(["restricted", "baseline"]);
});

test("a level that would refuse pods which run is refused with their names, at the beginning as well", async () => {
  await using environment = await openEnvironment();
  await environment.node("kube", "master");
  let output =
    'existing pods in namespace "csi" violate the new PodSecurity enforce level "baseline:latest"\nnode-x: \x1b[2J\n';
  await using cluster = await podSecurityOf(environment, () => ({ code: 0, output }));
  await expect(cluster.make({ wanted: "baseline" }).create()).rejects.toThrow(
    /no node was touched[^]*\n {2}existing pods in namespace "csi"[^]*\n {2}node-x: \\x1b\[2J\n[^]*label namespace NAME pod-security/,
  );
  const resource = cluster.make();
  await resource.create();
  await expect(resource.update({ ...cluster.inputs, wanted: "baseline" })).rejects.toThrow('namespace "csi"');
  expect(await resource.diff({ ...cluster.inputs, wanted: "baseline" })).toEqual({ changes: true });
  output = "";
  expect((await resource.update({ ...cluster.inputs, wanted: "baseline" })).outs.level).toBe("baseline");
});

test("an API that does not answer is no consent", async () => {
  await using environment = await openEnvironment();
  await using cluster = await podSecurityOf(environment, () => ({ code: 1, output: "Unable to connect" }));
  const resource = cluster.make();
  await resource.create();
  await expect(resource.update({ ...cluster.inputs, wanted: "restricted" })).rejects.toThrow(
    "podSecurity restricted was not applied: no master says whom it refuses: Unable to connect",
  );
});

test("without SSH a stricter level is refused in every preview", async () => {
  await using environment = await openEnvironment();
  await using cluster = await podSecurityOf(environment);
  const { inputs } = cluster;
  const failures = async (olds: object, news: object) =>
    (await providers.podSecurity.check(plain(olds), plain({ ...inputs, waitFor: "instances", ...news }))).failures;
  const olds = { ...inputs, level: "baseline" };
  expect(await failures({}, { wanted: "restricted" })).toEqual([]);
  expect(await failures(olds, {})).toEqual([]);
  expect(await failures(olds, { wanted: "privileged" })).toEqual([]);
  expect(await failures({ ...olds, wanted: "restricted" }, { wanted: "restricted" })).toEqual([]);
  expect(await failures(olds, { wanted: "restricted" })).toEqual([
    { property: "waitFor", reason: expect.stringContaining("`pulumi config set waitFor cluster`") },
  ]);
});
