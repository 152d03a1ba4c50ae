import type { Scenario } from "../scenarios.ts";
import { certificate, certificates } from "./certificates.ts";
import { change, changes } from "./changes.ts";
import type { Cluster } from "./cluster.ts";
import { machinesInterruption } from "./interruption.ts";
import { lostMaster, lostMasters, powerCut } from "./lost.ts";
import { destruction, destructions, scaling } from "./numbers.ts";

/** Scenarios with a cluster of machines. */
export const machineScenarios: readonly Scenario<Cluster>[] = [
  { name: "changed configuration", each: changes, try: change },
  { name: "lost master", each: lostMasters, try: lostMaster },
  { name: "power cut", each: ["of all six at once"], try: powerCut },
  { name: "certificates", each: certificates, try: certificate },
  { name: "scaling", each: ["3, 5, 1, 3, one of them dead"], try: scaling },
  { name: "interrupted machines", try: machinesInterruption },
  { name: "destroyed machines", each: destructions, try: destruction },
];
