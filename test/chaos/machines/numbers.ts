/** Scaling, and destruction of a cluster with a broken master. */
import assert from "node:assert/strict";

import { startCounting } from "../../cluster/clients.ts";
import { leftInZone, masters, run, six, workers } from "../../cluster/user.ts";
import type { Verdict } from "../scenarios.ts";
import type { Cluster } from "./cluster.ts";

type Say = (text: string) => void;

/** Scales workers from 3 to 5 to 1 to 3; the fifth is dead before it is removed. */
export async function scaling(cluster: Cluster, _which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  const boots = await cluster.boots(masters);
  const writer = await startCounting();
  await cluster.up({ desiredWorkers: "5" });
  assert.deepEqual(await cluster.names(), [...six, "dev-worker-4", "dev-worker-5"]);
  await run("bin/zone kill dev-worker-5");
  await cluster.kubectl("wait --for=condition=Ready=unknown node/dev-worker-5 --timeout=120s");
  const started = performance.now();
  await cluster.up({ desiredWorkers: "1" });
  say(`five workers to one in ${Math.round((performance.now() - started) / 1_000)} s, one of them dead`);
  const left = [...masters, workers[0]!];
  assert.deepEqual(await cluster.names(), left);
  assert.deepEqual([...(await cluster.instances()).keys()].sort(), left);
  await cluster.up({ desiredWorkers: "3" });
  await cluster.untilWell();
  const { failed, acknowledged, found } = await writer.stop();
  assert.deepEqual(failed, []);
  assert.ok(found >= acknowledged, `${acknowledged} writes were acknowledged, but the ConfigMap holds ${found}`);
  assert.deepEqual(await cluster.boots(masters), boots);
  return "right";
}

const deaths: Readonly<Record<string, (cluster: Cluster, name: string) => Promise<unknown>>> = {
  "a master is switched off": (_cluster, name) => run(`bin/zone kill ${name}`),
  "a master hangs": (_cluster, name) => run(`bin/zone pause ${name}`),
  "a master is gone": async (cluster, name) =>
    cluster.api.operate("DELETE", `/instance/${(await cluster.instance(name)).id}`),
};

export const destructions = Object.keys(deaths);

/** `pulumi destroy` removes everything, whatever state a master is in. */
export async function destruction(cluster: Cluster, which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  await deaths[which]!(cluster, masters[1]!);
  const { took } = await run("bin/pulumi destroy --yes --skip-preview", { timeout: 600 });
  say(`${Math.round(took)} s`);
  assert.deepEqual(await leftInZone(), []);
  return "right";
}
