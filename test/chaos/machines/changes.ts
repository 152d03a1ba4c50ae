/** Changed settings of a running cluster. */
import assert from "node:assert/strict";

import { startClients } from "../../cluster/clients.ts";
import { attempt, masters, run, six, workers } from "../../cluster/user.ts";
import type { Verdict } from "../scenarios.ts";
import { stepsIn } from "../steps.ts";
import { changed, type Cluster } from "./cluster.ts";

type Say = (text: string) => void;
type Change = (cluster: Cluster, say: Say) => Promise<Verdict>;

const trials: Readonly<Record<string, Change>> = {
  async "user-data of all"(cluster, say) {
    const [instances, boots] = [await cluster.instances(), await cluster.boots(six)];
    await run("bin/pulumi config set timeZone Europe/Zurich");
    const { stdout } = await run("bin/pulumi preview --diff --non-interactive", { timeout: 300 });
    assert.deepEqual(stepsIn(stdout), six.map((name) => `update Boot ${name}`).sort());
    const clients = await startClients();
    await cluster.up();
    await cluster.untilWell();
    // At most one master and one worker at the same time.
    const { away, summary } = await clients.end(2);
    say(summary);
    assert.deepEqual([...new Set(away.map(({ node }) => node))].sort(), six);
    assert.deepEqual(changed(boots, await cluster.boots(six)), six);
    assert.deepEqual(
      [...(await cluster.instances()).values()].map(({ id }) => id).sort(),
      [...instances.values()].map(({ id }) => id).sort(),
    );
    await run("bin/pulumi preview --expect-no-changes", { timeout: 300 });
    return "right";
  },

  async "a step that fails leaves the others alone"(cluster) {
    const boots = await cluster.boots(six);
    await run("bin/pulumi config set --path masterRebootWindow.length 2h");
    await run("bin/zone fault operation-fails --route update-instance --count 1");
    const clients = await startClients();
    const { code, stdout } = await attempt("bin/pulumi up --yes --skip-preview", { timeout: 900 });
    await run("bin/zone fault --clear");
    assert.notEqual(code, 0, "the run succeeded although a step failed");
    const [failed] = /(?<=instance )dev-master-\d(?= to be changed)/.exec(stdout) ?? [];
    assert.ok(failed, `the output does not say which master failed:\n${stdout.slice(-3_000)}`);
    for (const other of masters.filter((name) => name !== failed)) {
      assert.ok(
        stdout.includes(`${other} was not touched, because the update of ${failed} before it failed`),
        `the output does not say that ${other} was not touched`,
      );
    }
    assert.deepEqual(changed(boots, await cluster.boots(six)), [], "nodes were rebooted although the run failed");
    await cluster.up();
    await cluster.untilWell();
    await clients.end(1);
    assert.deepEqual(changed(boots, await cluster.boots(six)), masters);
    return "repaired";
  },

  async "larger machines and disks"(cluster, say) {
    const before = await cluster.instances();
    const clients = await startClients();
    await cluster.up({
      masterType: "standard.large",
      workerType: "standard.large",
      masterDisk: "12",
      workerDisk: "12",
    });
    await cluster.untilWell();
    const { summary } = await clients.end(2);
    say(summary);
    for (const [name, { id }] of await cluster.instances()) {
      const actual = await cluster.api.get(`/instance/${id}`);
      const { family, size } = (await cluster.api.get("/instance-type"))["instance-types"].find(
        (each: { id: string }) => each.id === actual["instance-type"].id,
      );
      assert.deepEqual([`${family}.${size}`, actual["disk-size"]], ["standard.large", 12], name);
      if (masters.includes(name)) assert.equal(id, before.get(name)!.id, `${name} is another instance`);
    }
    return "right";
  },

  async "another template"(cluster, say) {
    const before = await cluster.instances();
    const templates = async () =>
      new Map(
        await Promise.all(
          [...(await cluster.instances()).values()].map(
            async ({ id, name }) => [name, (await cluster.api.get(`/instance/${id}`)).template.id as string] as const,
          ),
        ),
      );
    const former = await templates();
    const clients = await startClients();
    await cluster.up({ "template.bootMode": "uefi" });
    await cluster.untilWell();
    const { summary } = await clients.end(2);
    say(summary);
    assert.deepEqual(
      changed(former, await templates()),
      workers,
      "workers take another template immediately, masters when they are replaced",
    );
    for (const name of masters)
      assert.equal((await cluster.instance(name)).id, before.get(name)!.id, `${name} is another instance`);
    return "right";
  },
};

export const changes = Object.keys(trials);

export async function change(cluster: Cluster, which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  return trials[which]!(cluster, say);
}
