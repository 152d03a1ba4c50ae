/** When Secrets are written again with another key, and when not. */
import { expect, test } from "vitest";

import type { Shell } from "../../node/remote/testing/ssh-server.ts";
import type { SecretsKeyInputs, SecretsKeyOutputs } from "../../node/rollout/secrets-key.ts";
import { timeouts } from "../../node/timeouts.ts";
import { fakeMasters, openEnvironment, plain, Resource, type Environment } from "./environment.ts";
import { providers } from "../../provider/handlers.ts";

timeouts.recheck = 1;

/** The resource of a cluster whose masters answer so; `calls` are the keys that they were to write with. */
async function secretsKeyOf({ api }: Environment, shell?: Shell) {
  const fake = await fakeMasters(shell);
  const inputs: SecretsKeyInputs = {
    api,
    cluster: "kube",
    key: "random",
    keyReplacement: 0,
    waitFor: "cluster",
    masters: fake.target,
  };
  const resource = new Resource<SecretsKeyInputs, SecretsKeyOutputs>("secretsKey", inputs);
  return { resource, inputs, ...fake };
}

test("a cluster that begins, or was made by a release before, has nothing to write again", async () => {
  await using environment = await openEnvironment();
  await using fresh = await secretsKeyOf(environment);
  await fresh.resource.create();
  // At any step of a replacement.
  await new Resource("secretsKey", { ...fresh.inputs, key: "random-2", keyReplacement: 3 }).create();
  await environment.node("kube", "master");
  await new Resource("secretsKey", fresh.inputs).create();
  expect(fresh.calls()).toEqual([]);
});

test("another key that writes has all Secrets written again, once", async () => {
  await using environment = await openEnvironment();
  await using cluster = await secretsKeyOf(environment);
  const { resource, inputs, calls } = cluster;
  await resource.create();
  const next = { ...inputs, keyReplacement: 2, key: "random-2" };
  expect(await resource.diff({ ...inputs, keyReplacement: 1 })).toEqual({ changes: false });
  expect(await resource.diff(next)).toEqual({ changes: true });
  expect((await resource.update(next)).outs).toEqual({ key: "random-2" });
  expect(calls()).toEqual(["random-2"]);
  expect(await resource.diff({ ...next, keyReplacement: 3 })).toEqual({ changes: false });
});

test("Secrets that resist fail the run with the reason, and the next one tries again", async () => {
  await using environment = await openEnvironment();
  let isMended = false;
  await using cluster = await secretsKeyOf(environment, () =>
    isMended ? { code: 0 } : { code: 1, output: "not encrypted with random-2 after 5 attempts: a/one" },
  );
  const { resource, inputs } = cluster;
  await resource.create();
  const next = { ...inputs, keyReplacement: 2, key: "random-2" };
  await expect(resource.update(next)).rejects.toThrow(/a\/one\. No key was taken away/);
  // The step after it waits for the same.
  const after = { ...next, keyReplacement: 3 };
  expect(await resource.diff(after)).toEqual({ changes: true });
  await expect(resource.update(after)).rejects.toThrow("a/one");
  isMended = true;
  expect((await resource.update(after)).outs).toEqual({ key: "random-2" });
});

test("one that is made anew in the middle looks at what etcd stores", async () => {
  await using environment = await openEnvironment();
  await environment.node("kube", "master");
  await using cluster = await secretsKeyOf(environment);
  await new Resource("secretsKey", { ...cluster.inputs, key: "random-2", keyReplacement: 3 }).create();
  expect(cluster.calls()).toEqual(["random-2"]);
});

test("without SSH no other key writes: refused in every preview", async () => {
  await using environment = await openEnvironment();
  await using cluster = await secretsKeyOf(environment);
  const { inputs } = cluster;
  const failures = async (olds: object, news: object) =>
    (await providers.secretsKey.check(plain(olds), plain({ ...inputs, waitFor: "instances", ...news }))).failures;
  expect(await failures({}, { keyReplacement: 2, key: "random-2" })).toEqual([]);
  expect(await failures(inputs, { keyReplacement: 1 })).toEqual([]);
  expect(await failures(inputs, { keyReplacement: 2, key: "random-2" })).toEqual([
    { property: "waitFor", reason: expect.stringContaining("`pulumi config set waitFor cluster`") as string },
  ]);
});
