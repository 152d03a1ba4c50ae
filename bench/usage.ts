/** CPU and memory of a command and of all processes that it starts. */
import { execaSync } from "execa";
import { pids, statOf } from "../toolchain/processes.ts";

export interface Usage {
  /** Seconds of CPU, user and system, of all processes. */
  readonly cpu: number;
  /** Largest sum of the processes' resident memory, in MiB; shared pages count for each process. */
  readonly peak: number;
}

/** Milliseconds between two samples. What a process does after its last sample is missed. */
const INTERVAL = 50;

const [ticks, pageSize] = ["CLK_TCK", "PAGESIZE"].map((name) => Number(execaSync("getconf", [name]).stdout)) as [
  number,
  number,
];

/** Samples all processes of a session until the returned function is called. @param session Its leader's pid. */
export function watchSession(session: number): () => Usage {
  let [cpu, peak] = [0, 0];
  const look = () => {
    const all = processesOf(session);
    cpu = Math.max(
      cpu,
      all.reduce((sum, each) => sum + each.cpu, 0),
    );
    peak = Math.max(
      peak,
      all.reduce((sum, each) => sum + each.resident, 0),
    );
  };
  look();
  const timer = setInterval(look, INTERVAL);
  return () => {
    clearInterval(timer);
    return { cpu, peak };
  };
}

/** CPU seconds of a process and of its children that were waited for, and its resident MiB. */
interface Sample {
  readonly cpu: number;
  readonly resident: number;
}

function processesOf(session: number): Sample[] {
  return pids().flatMap((pid) => {
    try {
      const stat = statOf(pid);
      const field = (number: number) => Number(stat.field(number));
      if (field(6) !== session) return [];
      return [
        { cpu: (field(14) + field(15) + field(16) + field(17)) / ticks, resident: (field(24) * pageSize) / 2 ** 20 },
      ];
    } catch {
      return []; // ended while it was read
    }
  });
}
