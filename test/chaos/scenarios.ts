import type { Random } from "../../zone/testing/random.ts";
import { badApi } from "./scenarios/bad-api.ts";
import { destruction } from "./scenarios/destruction.ts";
import { drift, driftNames } from "./scenarios/drift.ts";
import { interruption } from "./scenarios/interruptions.ts";
import { load, loads } from "./scenarios/load.ts";
import { everydayOperator, operator } from "./scenarios/operator.ts";
import { operationFault, operationFaultNames } from "./scenarios/operation-faults.ts";
import { rateLimit, rates } from "./scenarios/rate-limit.ts";
import { recoveries, recovery } from "./scenarios/recover.ts";
import { replacement, replacements } from "./scenarios/replacement.ts";
import type { ChaosSandbox } from "./sandbox.ts";

/** The result of a trial that did not throw: right after the first run, or repaired by the next. */
export type Verdict = "right" | "repaired";

/** Trials of one sort: one row of the table that `npm run chaos` prints. */
export type Scenario<S = ChaosSandbox> = Chance<S> | Each<S>;

/** Random trials, each from a seed. `say` adds text to the trial's line in the output. */
export interface Chance<S = ChaosSandbox> {
  readonly name: string;
  try(sandbox: S, random: Random, say: (text: string) => void): Promise<Verdict>;
}

/** Trials with names. */
export interface Each<S = ChaosSandbox> {
  readonly name: string;
  readonly each: readonly string[];
  try(sandbox: S, which: string, say: (text: string) => void): Promise<Verdict>;
}

export const scenarios: readonly Scenario[] = [
  { name: "interruptions", try: interruption },
  { name: "recover", each: recoveries, try: recovery },
  { name: "bad API", try: badApi },
  { name: "operations", each: operationFaultNames, try: operationFault },
  { name: "rate limit", each: rates, try: rateLimit },
  { name: "drift", each: driftNames, try: drift },
  { name: "replace", each: replacements, try: replacement },
  { name: "destroy", try: destruction },
  { name: "operator", try: operator },
  { name: "everyday operator", try: everydayOperator },
  { name: "load", each: loads, try: load },
];
