/** Memory and CPU of an idle node: the whole machine, operating system included. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";

export interface Rest {
  /** MiB, without inactive file pages. */
  readonly memory: number;
  /** Percent of one CPU. */
  readonly cpu: number;
}

/** Means over the masters and over the workers. */
export interface Idle {
  readonly master: Rest;
  readonly worker: Rest;
}

/** Seconds that a new cluster gets to settle, and seconds of the measurement. */
const [SETTLE, WATCH] = [45, 60];

/** Prints nanoseconds of CPU and bytes of memory from the machine's own control group, v1 or v2. */
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

/** Measures all nodes of an unused cluster. @param isMaster Whether a node's name is a master's. */
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
