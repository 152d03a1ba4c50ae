import type { Lab } from "./lab.ts";

/** The result of one measurement: a table, and the same figures as JSON. */
export interface Part {
  /** One sentence: what was measured. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** For `--json`: numbers by name, with units in the names. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface PartOptions {
  /** Prints a line about the part's progress. */
  readonly say: (line: string) => void;
  /** Numbers of workers for stacks without machines, ascending. */
  readonly workers: readonly number[];
  /** The clusters with machines that parts share. */
  readonly lab: Lab;
}

/** The value below which this share of the samples lies; NaN without samples. @param share From 0 to 1. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
