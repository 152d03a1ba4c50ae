/** What a command and all that it starts take of this machine. */
import { execaSync } from "execa";
import { pids, statOf } from "../toolchain/processes.ts";

export interface Usage {
  /** Seconds of CPU, user and system, of the whole tree. */
  readonly cpu: number;
  /** Most resident memory of the tree at one moment, in MiB; pages that processes share count for each of them. */
  readonly peak: number;
}

/** Milliseconds between two looks: what a process does between the last one and its end is not seen. */
const INTERVAL = 50;

const [ticks, pageSize] = ["CLK_TCK", "PAGESIZE"].map((name) => Number(execaSync("getconf", [name]).stdout)) as [
  number,
  number,
];

/** Watches all processes of a session until it is told to stop. @param session The pid of its first process. */
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

/** CPU seconds of a process and those children of it that have ended and were waited for, and its resident MiB. */
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
      return []; // It ended while being read.
    }
  });
}
