/** What a node takes when nobody uses the cluster: all of the machine, its operating system with it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";

export interface Rest {
  /** MiB that cannot be dropped: without file pages that nobody uses. */
  readonly memory: number;
  /** Percent of one CPU. */
  readonly cpu: number;
}

/** The mean of the masters, and of the workers. */
export interface Idle {
  readonly master: Rest;
  readonly worker: Rest;
}

/** Seconds until a new cluster has come to rest, and for which it is watched. */
const [SETTLE, WATCH] = [45, 60];

/** Nanoseconds of CPU, bytes of memory: the machine's own control group, of either version. */
const FIGURES = `
cd /sys/fs/cgroup
if [ -e cgroup.controllers ]; then
  echo $(($(sed -n 's/^usage_usec //p' cpu.stat) * 1000)) $(($(cat memory.current) - $(sed -n 's/^inactive_file //p' memory.stat)))
else
  echo $(cat cpuacct/cpuacct.usage) $(($(cat memory/memory.usage_in_bytes) - $(sed -n 's/^total_inactive_file //p' memory/memory.stat)))
fi`;

interface Figures {
  readonly at: number;
  readonly cpu: number;
  readonly memory: number;
}

/** Watches nodes that nobody uses. @param isMaster Of a node's name. */
export async function watchIdle(cluster: Cluster, isMaster: (name: string) => boolean): Promise<Idle> {
  await sleep(SETTLE * 1000);
  const before = await look(cluster);
  await sleep(WATCH * 1000);
  const after = await look(cluster);
  const rests = [...after].map(([name, { at, cpu, memory }]) => {
    const earlier = before.get(name)!;
    return {
      isOfMaster: isMaster(name),
      memory: memory / 2 ** 20,
      cpu: ((cpu - earlier.cpu) / 1e6 / (at - earlier.at)) * 100,
    };
  });
  const mean = (all: readonly Rest[]): Rest => ({
    memory: all.reduce((sum, { memory }) => sum + memory, 0) / all.length,
    cpu: all.reduce((sum, { cpu }) => sum + cpu, 0) / all.length,
  });
  return {
    master: mean(rests.filter(({ isOfMaster }) => isOfMaster)),
    worker: mean(rests.filter(({ isOfMaster }) => !isOfMaster)),
  };
}

async function look(cluster: Cluster): Promise<Map<string, Figures>> {
  const figures = await Promise.all(
    [...cluster.nodes.keys()].map(async (name) => {
      const [cpu, memory] = (await cluster.on(name, FIGURES)).split(" ").map(Number) as [number, number];
      return [name, { at: performance.now(), cpu, memory }] as const;
    }),
  );
  return new Map(figures);
}
