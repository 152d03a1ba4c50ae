import type { Random } from "../../zone/testing/random.ts";
import { badApi } from "./scenarios/bad-api.ts";
import { destruction } from "./scenarios/destruction.ts";
import { drift, driftNames } from "./scenarios/drift.ts";
import { interruption } from "./scenarios/interruptions.ts";
import { load, loads } from "./scenarios/load.ts";
import { operationFault, operationFaultNames } from "./scenarios/operation-faults.ts";
import { rateLimit, rates } from "./scenarios/rate-limit.ts";
import { recoveries, recovery } from "./scenarios/recover.ts";
import { replacement, replacements } from "./scenarios/replacement.ts";
import type { World } from "./environment.ts";

/** How a trial went, if it went: right at once, or by the next run. What is thrown is what went wrong. */
export type Verdict = "right" | "repaired";

/** One line of the table: trials of one kind. */
export type Line<W = World> = Chance<W> | Each<W>;

/** Trials whose seed says what is tried. `say` adds to what is told about one. */
export interface Chance<W = World> {
  readonly name: string;
  try(world: W, random: Random, say: (text: string) => void): Promise<Verdict>;
}

/** Trials that are known by their names. */
export interface Each<W = World> {
  readonly name: string;
  readonly each: readonly string[];
  try(world: W, which: string, say: (text: string) => void): Promise<Verdict>;
}

export const lines: readonly Line[] = [
  { name: "interruptions", try: interruption },
  { name: "recover", each: recoveries, try: recovery },
  { name: "bad API", try: badApi },
  { name: "operations", each: operationFaultNames, try: operationFault },
  { name: "rate limit", each: rates, try: rateLimit },
  { name: "drift", each: driftNames, try: drift },
  { name: "replace", each: replacements, try: replacement },
  { name: "destroy", try: destruction },
  { name: "load", each: loads, try: load },
];
