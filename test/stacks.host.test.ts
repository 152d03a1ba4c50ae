/** What people do with whole stacks, under the real engine; a zone without machines. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";
import { expect, test } from "vitest";

import { root } from "../toolchain/paths.ts";
import { destroy, instancesOnly, Sandbox, up, withoutMachines } from "./sandbox/sandbox.ts";
import { Stack } from "./sandbox/stack.ts";

const noChanges = ["preview", "--expect-no-changes", "--non-interactive"];

const begin = (name: string) =>
  Sandbox.open(name, withoutMachines(name), { ...instancesOnly, masters: 1, desiredWorkers: 1 });

/** Everything of this stack in the zone, by kind. */
async function inventory({ zone }: Sandbox): Promise<Record<string, string[]>> {
  const kinds = ["instance", "elastic-ip", "security-group", "anti-affinity-group", "template", "ssh-key"];
  const found = kinds.map(async (kind): Promise<[string, string[]]> => {
    const answer = await zone.api.get(kind === "template" ? "/template?visibility=private" : `/${kind}`);
    const all = answer[`${kind}s`] as { id?: string; name?: string }[];
    return [kind, all.map(({ id, name }) => id ?? name!).sort()];
  });
  return Object.fromEntries(await Promise.all(found));
}

test(
  "a stack with a cluster is not renamed, and one that was renamed is no second cluster",
  { timeout: 300_000 },
  async () => {
    await using sandbox = await begin("one");
    const { stack, checkout } = sandbox;
    await stack.must(up);
    const before = await inventory(sandbox);

    for (const args of [
      ["stack", "rename", "two"],
      ["stack", "--stack", "one", "rename", "two"],
    ]) {
      const refused = await stack.run(args);
      expect(refused.code).toBe(1);
      expect(refused.output).toContain("Stack one has ");
      expect(refused.output).toContain("the next up would make a second cluster and remove this one");
    }

    // A CLI without this repository's wrapper renames it.
    const rename = async (from: string, to: string) =>
      execa(join(root, ".local/bin/pulumi"), ["stack", "rename", to, "--stack", from, "--non-interactive"], {
        cwd: checkout,
        env: {
          PULUMI_HOME: join(checkout, ".local/pulumi"),
          PULUMI_BACKEND_URL: `file://${checkout}/.local/state?metadata=skip`,
          PULUMI_CONFIG_PASSPHRASE: "local-zone",
        },
      });
    await rename("one", "two");
    const renamed = new Stack("two", checkout, join(sandbox.directory, "commands.log"));
    for (const args of [["preview", "--non-interactive"], up]) {
      const refused = await renamed.run(args);
      expect(refused.code).not.toBe(0);
      expect(refused.output).toContain(
        "name cannot change from one to two while the cluster lives: every name in the cloud and on the nodes begins with it, and it is the stack's. Type: pulumi stack rename one",
      );
    }
    expect(await inventory(sandbox)).toEqual(before);
    await rename("two", "one");
    await stack.must(up);
    expect(await inventory(sandbox)).toEqual(before);
    await stack.must(noChanges);
  },
);

test(
  "a second stack of the same name in the same account, from another backend, takes nothing of the first",
  { timeout: 300_000 },
  async () => {
    await using sandbox = await begin("one");
    const { stack, directory } = sandbox;
    await stack.must(up);
    const before = await inventory(sandbox);

    const other = join(directory, "other");
    mkdirSync(other);
    const env = { PULUMI_BACKEND_URL: `file://${other}?metadata=skip`, PULUMI_CONFIG_PASSPHRASE: "local-zone" };
    await stack.must(["stack", "init", "one"], { env });
    const refused = await stack.run(up, { env });
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/exists already \(.*\), and this stack did not create it\. It is left alone/);
    await stack.must(destroy, { env });
    expect(await inventory(sandbox)).toEqual(before);
    await stack.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes", "--non-interactive"]);
    await stack.must(noChanges);
  },
);

test("an elastic IP that was moved to another stack outlives its first one", { timeout: 300_000 }, async () => {
  await using sandbox = await begin("one");
  const { stack, checkout, zone } = sandbox;
  await stack.must(up);
  const keeper = new Stack("keeper", checkout, join(sandbox.directory, "commands.log"));
  keeper.configure({ ...instancesOnly, apiEndpoint: zone.url });
  await keeper.must(["stack", "init", "keeper"]);
  const { urn } = stack.resources().find(({ type }) => type === "pulumi-nodejs:dynamic/exoscale:ElasticIp")!;
  await stack.must(["state", "move", "--source", "one", "--dest", "keeper", "--yes", urn]);
  const { "elastic-ip": kept } = await inventory(sandbox);
  expect(kept).toHaveLength(1);

  const destroyed = await stack.must(destroy);
  expect(destroyed).toContain("elastic IP one-api is left: it was in use, and is no longer this stack's.");
  const after = await inventory(sandbox);
  // The zone's own group is left.
  const counts = Object.fromEntries(Object.entries(after).map(([kind, ids]) => [kind, ids.length]));
  expect(counts).toEqual({
    instance: 0,
    "elastic-ip": 1,
    "security-group": 1,
    "anti-affinity-group": 0,
    template: 0,
    "ssh-key": 0,
  });
  expect(after["elastic-ip"]).toEqual(kept);

  // Its new stack still owns it.
  await keeper.must(destroy);
  expect((await inventory(sandbox))["elastic-ip"]).toEqual([]);
});

test(
  "the stack dev keeps its settings when it is removed, and is created anew with them",
  { timeout: 300_000 },
  async () => {
    await using sandbox = await begin("dev");
    const { stack, checkout } = sandbox;
    await stack.must(["stack", "rm", "dev", "--yes"]);
    expect(existsSync(join(checkout, "Pulumi.dev.yaml"))).toBe(true);
    await stack.must(["stack", "select", "--create", "dev"]);
    expect(await stack.must(["config", "get", "apiEndpoint"])).toContain(sandbox.zone.url);
  },
);
