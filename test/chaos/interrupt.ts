import { setTimeout as sleep } from "node:timers/promises";

import { signal, type Process } from "../../toolchain/processes.ts";
import type { Random } from "../../zone/testing/random.ts";
import type { Ran, Stack } from "../sandbox/stack.ts";
import type { ChaosSandbox } from "./sandbox.ts";

const provider = /cmd\/dynamic-provider/;
const program = /@pulumi\/pulumi\/cmd\/run/;
const plugin = /plugins\/resource-/;

/** Ways to interrupt a run: signals to the CLI, its first process, and to processes that it started. */
export const interruptions = {
  "SIGINT to the CLI": { cli: "SIGINT" },
  "SIGINT to the CLI, twice": { cli: "SIGINT", again: "SIGINT" },
  "SIGTERM to the CLI": { cli: "SIGTERM" },
  "SIGKILL of the CLI": { cli: "SIGKILL" },
  "SIGKILL of the provider": { others: provider },
  "SIGKILL of the program": { others: program },
  "SIGKILL of the other plugins": { others: plugin },
  "SIGKILL of the CLI and the provider": { cli: "SIGKILL", others: provider },
  "SIGKILL of everything": { cli: "SIGKILL", others: /./ },
} as const satisfies Record<string, Interruption>;

export type InterruptionName = keyof typeof interruptions;

interface Interruption {
  readonly cli?: NodeJS.Signals;
  /** A second signal to the CLI 200 ms later. */
  readonly again?: NodeJS.Signals;
  /** Commands of the other processes that get SIGKILL. */
  readonly others?: RegExp;
}

/** When to interrupt: `delay` milliseconds after the given number of lines about resources. */
export interface Moment {
  readonly lines: number;
  readonly delay: number;
}

/** A random moment of a run that prints `lines` lines about resources, at most `pause` ms apart; its start-up counts. */
export function momentOf(random: Random, lines: number, pause = 300): Moment {
  const after = random.int(0, lines);
  return { lines: after, delay: random.int(0, after === 0 ? 2_500 : pause) };
}

export interface Interrupted extends Ran {
  /** False if the run had already ended. */
  readonly isHit: boolean;
}

/** Runs `bin/pulumi` and interrupts it at that moment. */
export async function interrupted(
  { stack }: Pick<ChaosSandbox, "stack">,
  args: readonly string[],
  name: InterruptionName,
  moment: Moment,
): Promise<Interrupted> {
  let seen = 0;
  let come = () => {};
  const hasCome = new Promise<void>((resolve) => (come = resolve));
  const running = stack.start(args, {
    onLine: (line) => {
      if (/^ [-+~]{1,2} /.test(line) && ++seen === moment.lines) come();
    },
  });
  if (moment.lines === 0) come();
  const isHit = await Promise.race([
    running.done.then(() => false),
    hasCome.then(() => sleep(moment.delay)).then(() => interrupt(stack, running.pid, interruptions[name])),
  ]);
  return { ...(await running.done), isHit };
}

/** @returns false if there was no process left to signal. */
function interrupt(stack: Stack, cli: number, interruption: Interruption): boolean {
  const all = descendants(stack.processes(), cli);
  if (all.length === 0) return false;
  const others = all.filter(({ pid, command }) => pid !== cli && interruption.others?.test(command));
  if (interruption.cli) signal(cli, interruption.cli);
  for (const { pid } of others) signal(pid, "SIGKILL");
  const { again } = interruption;
  if (again) setTimeout(() => stack.processes().some(({ pid }) => pid === cli) && signal(cli, again), 200);
  return interruption.cli !== undefined || others.length > 0;
}

/** A process, if it is alive, and its descendants, without other processes in the same directory. */
function descendants(all: readonly Process[], first: number): Process[] {
  const found = all.filter(({ pid }) => pid === first);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}
