import type { Line } from "../lines.ts";
import type { Cluster } from "./cluster.ts";
import { lostMaster, lostMasters } from "./lost.ts";

/** What is tried with a whole cluster of machines. */
export const machineLines: readonly Line<Cluster>[] = [
  { name: "lost master", each: lostMasters, try: lostMaster },
];
