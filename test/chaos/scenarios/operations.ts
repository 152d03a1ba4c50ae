import { destroy, up, type Beginning } from "../sandbox.ts";

type Settings = Readonly<Record<string, unknown>>;

/** What users do with a stack. */
export interface Operation {
  readonly at: Beginning;
  readonly args: readonly string[];
  /** Settings that are changed before. */
  readonly settings: Settings;
  /** About how many lines about resources it prints. */
  readonly lines: number;
  /** What undoes it, if anything does. */
  readonly back?: { readonly args: readonly string[]; readonly settings: Settings };
}

export const operations = {
  up: { at: "nothing", args: up, settings: {}, lines: 170, back: { args: destroy, settings: {} } },
  "scale up": {
    at: "cluster",
    args: up,
    settings: { desiredWorkers: 4 },
    lines: 40,
    back: { args: up, settings: { desiredWorkers: 2 } },
  },
  "scale down": {
    at: "cluster",
    args: up,
    settings: { desiredWorkers: 0 },
    lines: 40,
    back: { args: up, settings: { desiredWorkers: 2 } },
  },
  "change in place": {
    at: "cluster",
    args: up,
    settings: { apiSources: ["203.0.113.0/24"], timeZone: "Europe/Vienna" },
    lines: 8,
    back: { args: up, settings: { apiSources: ["198.51.100.0/24"], timeZone: "UTC" } },
  },
  // A disk cannot shrink.
  resize: { at: "cluster", args: up, settings: { masterType: "standard.large", masterDisk: 60 }, lines: 4 },
  "change of machines": {
    at: "cluster",
    args: up,
    settings: { workerDisk: 40 },
    lines: 6,
    back: { args: up, settings: { workerDisk: 50 } },
  },
  destroy: { at: "cluster", args: destroy, settings: {}, lines: 170, back: { args: up, settings: {} } },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
export const operationNames = Object.keys(operations) as OperationName[];
