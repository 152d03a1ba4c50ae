import type { Lab } from "./lab.ts";

/** One measurement: what was tried, and figures that mean something beside each other. */
export interface Part {
  /** What is measured, one sentence. */
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** The same for a program to read: numbers by name, units in the names. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface PartOptions {
  /** What the part says of its progress. */
  readonly say: (line: string) => void;
  /** Numbers of workers that a stack without machines is made with, ascending. */
  readonly workers: readonly number[];
  /** Clusters with machines, which parts share. */
  readonly lab: Lab;
}

/** The value below which this share of the samples lies. @param share 0 to 1 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
