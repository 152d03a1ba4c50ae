/** How time, memory, API calls and state grow with the number of workers, in a zone without machines. */
import { statSync } from "node:fs";
import { destroy, instancesOnly, Sandbox, up, withoutMachines } from "../test/sandbox/sandbox.ts";
import type { Ran, RunOptions, Running } from "../test/sandbox/stack.ts";
import { lastLines } from "../toolchain/processes.ts";
import { round, type Part, type PartOptions } from "./part.ts";
import { noChangePlan } from "./opentofu.ts";
import { watchSession, type Usage } from "./usage.ts";

/** Timeout of one command, in milliseconds. */
const LIMIT = 4 * 3_600_000;
/** With more workers, create and destroy write no checkpoints: writing the state around every step takes hours. */
const CHECKPOINTS_UP_TO = 300;
/** Room for a /24 of every node; the default has 255. */
const podCIDR = "10.128.0.0/12";

const steps = ["create", "preview", "refresh", "one more", "destroy"] as const;
type Step = (typeof steps)[number];

interface Taken extends Usage {
  /** Seconds. */
  readonly wall: number;
  readonly apiCalls: number;
}

/** A stack with this many workers, from creation to destruction. */
interface Grown {
  readonly workers: number;
  readonly hasCheckpoints: boolean;
  readonly resources: number;
  /** Bytes. */
  readonly state: number;
  readonly steps: Readonly<Record<Step, Taken>>;
  /** OpenTofu's no-change plan with as many resources and as large a state. */
  readonly openTofu: Usage & Pick<Taken, "wall">;
}

export async function measure({ say, workers: counts }: PartOptions): Promise<Part> {
  const all: Grown[] = [];
  for (const workers of counts) all.push(await grow(workers, say));
  const least = all[0]!;
  return {
    title: "A stack without machines: 3 masters and a growing number of workers",
    columns: [
      "workers",
      "resources",
      "state, MB",
      "step",
      "wall, s",
      "CPU, s",
      "peak, MiB",
      "API calls",
      "calls per extra worker",
    ],
    rows: all.flatMap((grown) => [
      ...steps.map((step) => {
        const { wall, cpu, peak, apiCalls } = grown.steps[step];
        const more =
          grown === least ? "-" : round((apiCalls - least.steps[step].apiCalls) / (grown.workers - least.workers), 2);
        const name = step === "create" && !grown.hasCheckpoints ? "create, no checkpoints" : step;
        return [
          grown.workers,
          grown.resources,
          round(grown.state / 1e6),
          name,
          round(wall),
          round(cpu),
          Math.round(peak),
          apiCalls,
          more,
        ];
      }),
      [
        grown.workers,
        grown.resources,
        round(grown.state / 1e6),
        "OpenTofu's plan",
        round(grown.openTofu.wall),
        round(grown.openTofu.cpu),
        Math.round(grown.openTofu.peak),
        "-",
        "-",
      ],
    ]),
    values: Object.fromEntries(all.map(({ workers, ...grown }) => [workers, grown])),
  };
}

async function grow(workers: number, say: PartOptions["say"]): Promise<Grown> {
  await using sandbox = await Sandbox.open("bench", withoutMachines("bench"), {
    ...instancesOnly,
    podCIDR,
    desiredWorkers: workers,
  });
  const { stack, zone } = sandbox;
  const hasCheckpoints = workers <= CHECKPOINTS_UP_TO;
  const env: Record<string, string> = hasCheckpoints ? {} : { PULUMI_SKIP_CHECKPOINTS: "true" };
  const step = async (name: string, args: readonly string[], options: RunOptions = {}): Promise<Taken> => {
    const before = await zone.calls();
    const { wall, ...usage } = await watched(stack.start(args, { ...options, limit: LIMIT }));
    const taken = { wall, ...usage, apiCalls: (await zone.calls()) - before };
    say(
      `  ${workers} workers, ${name}: ${round(wall)} s, CPU ${round(taken.cpu)} s, peak ${Math.round(taken.peak)} MiB, ${taken.apiCalls} calls`,
    );
    return taken;
  };

  const create = await step("create", up, { env });
  const state = statSync(stack.file).size;
  const resources = stack.resources().length;
  const preview = await step("preview", ["preview", "--expect-no-changes", "--non-interactive"]);
  const refresh = await step("refresh", [
    "refresh",
    "--yes",
    "--skip-preview",
    "--expect-no-changes",
    "--non-interactive",
  ]);
  stack.configure({ desiredWorkers: workers + 1 });
  const oneMore = await step("one more", up);
  const gone = await step("destroy", destroy, { env });
  const left = stack.resources().length;
  if (left > 0) throw new Error(`${left} resources are left in the state after destroy`);
  const openTofu = await noChangePlan({ resources, bytes: state / resources });
  say(`  ${resources} resources, OpenTofu's plan: ${round(openTofu.wall)} s`);
  return {
    workers,
    hasCheckpoints,
    resources,
    state,
    openTofu,
    steps: { create, preview, refresh, "one more": oneMore, destroy: gone },
  };
}

/** Measures a command. @throws Error with the end of its output if it fails. */
async function watched({ pid, done }: Running): Promise<Usage & Pick<Taken, "wall">> {
  const stop = watchSession(pid);
  let ran: Ran;
  try {
    ran = await done;
  } finally {
    stop();
  }
  if (ran.code !== 0) throw new Error(`the command exited with ${ran.code}:\n${lastLines(ran.output, 25)}`);
  return { wall: ran.took / 1000, ...stop() };
}
