/** What clients notice when all six nodes reboot for an update, and when a master is cut off. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { scriptCommand } from "../node/remote/scripts.ts";
import { ports } from "../ports.ts";
import { request, startReader, startWriter } from "../test/cluster/load.ts";
import { NODE_PORT, served } from "../test/cluster/served.ts";
import { extras } from "../toolchain/mirror/images.ts";
import type { Cluster } from "./cluster.ts";
import { round, type Part, type PartOptions } from "./part.ts";

const VERSION = "9001.0.0";
/** A small image that the mirror has. */
const [image = ""] = Object.keys(extras);
/** Seconds: timeout of the six reboots, and how long clients go on after a master was cut off. */
const [NIGHT, AFTER] = [1500, 45];

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly unschedulable?: boolean };
  readonly status: { readonly nodeInfo: { readonly osImage: string } };
}

/** Must be the last part: it leaves a master switched off. */
export async function measure({ say, lab }: PartOptions): Promise<Part> {
  const { cluster } = await lab.ours();
  const { checkout, stack, zone } = await lab.sandbox();
  const kubectl = (args: readonly string[], input = "") =>
    execa(join(checkout, "bin/kubectl"), args, { env: { PULUMI_STACK: stack.name }, input });
  await kubectl(["create", "configmap", "night"]);
  await kubectl(["apply", "--filename", "-"], served(image));
  await kubectl(["rollout", "status", "deployment/served", "--timeout=120s"]);

  const workers = [...cluster.nodes.keys()].filter((name) => name.includes("-worker-"));
  const reading = () => startReader(workers, async () => cluster.nodes, NODE_PORT);
  const [writer, reader] = [startWriter(cluster.api, "night"), reading()];
  const begin = performance.now();
  await zone.ask("POST", "/update", { version: VERSION });
  await untilUpdated(cluster, say);
  const seconds = (performance.now() - begin) / 1000;
  const [writes, reads] = await Promise.all([writer.stop(), reader()]);
  if (writes.found < writes.acknowledged)
    throw new Error(`write ${writes.acknowledged} was acknowledged, but the ConfigMap holds ${writes.found}`);

  const leader = await leaderOf(cluster);
  say(`  cutting off ${leader}, which leads etcd`);
  const [second, secondReader] = [startWriter(cluster.api, "night"), reading()];
  await sleep(5_000);
  await zone.ask("POST", "/kill", { instance: leader });
  await sleep(AFTER * 1000);
  const [cutWrites, cutReads] = await Promise.all([second.stop(), secondReader()]);

  const row = (when: string, who: string, { done, retried, failed, longest }: typeof reads) => [
    when,
    who,
    done,
    retried,
    failed.length,
    round(longest / 1000),
  ];
  const figures = ({ done, retried, failed, longest }: typeof reads) => ({
    done,
    retried,
    failed: failed.length,
    longestSeconds: round(longest / 1000, 2),
  });
  return {
    title: `Six reboots one after the other, each node drained first: ${Math.round(seconds)} s in all`,
    columns: ["when", "client", "requests", "retried", "failed for a minute", "longest, s"],
    rows: [
      row("six reboots", "writes through the elastic IP", writes),
      row("six reboots", "reads at a node port", reads),
      row("a master cut off", "writes through the elastic IP", cutWrites),
      row("a master cut off", "reads at a node port", cutReads),
    ],
    values: {
      seconds: round(seconds),
      reboots: { writes: figures(writes), reads: figures(reads) },
      cutOff: { writes: figures(cutWrites), reads: figures(cutReads) },
    },
  };
}

/** Waits until every node runs the new version and is schedulable, and no node holds the reboot lock. */
async function untilUpdated(cluster: Cluster, say: PartOptions["say"]): Promise<void> {
  const end = performance.now() + NIGHT * 1000;
  for (let before = -1; ; await sleep(1000)) {
    const done = await updated(cluster).catch(() => before);
    if (done !== before) say(`  ${done} of ${cluster.nodes.size} nodes updated`);
    before = done;
    if (done === cluster.nodes.size && (await isLockFree(cluster))) return;
    if (performance.now() > end) throw new Error(`only ${done} nodes were updated within ${NIGHT} s`);
  }
}

async function updated({ api }: Cluster): Promise<number> {
  const { items } = JSON.parse(await request(`${api.server}/api/v1/nodes`, api)) as { items: readonly NodeObject[] };
  return items.filter(({ spec, status }) => status.nodeInfo.osImage.includes(VERSION) && !spec.unschedulable).length;
}

const mastersOf = (cluster: Cluster): string[] => [...cluster.nodes.keys()].filter((name) => name.includes("-master-"));

async function isLockFree(cluster: Cluster): Promise<boolean> {
  const text = await cluster.on(mastersOf(cluster)[0]!, scriptCommand("reboot-lock", "show")).catch(() => "");
  return text !== "" && (JSON.parse(text) as { holders: readonly unknown[] }).holders.length === 0;
}

/** The master whose member leads kubernetes-etcd. */
async function leaderOf(cluster: Cluster): Promise<string> {
  for (const name of mastersOf(cluster)) {
    if (
      (await cluster.on(
        name,
        `curl --silent http://127.0.0.1:${ports.etcdMetrics}/metrics | grep '^etcd_server_is_leader '`,
      )) === "etcd_server_is_leader 1"
    )
      return name;
  }
  throw new Error("no member of kubernetes-etcd reports that it is the leader");
}
