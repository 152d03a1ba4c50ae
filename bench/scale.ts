/** Two more workers, two fewer, and the lower bound: a bare machine's boot and a kubelet's start. */
import { up } from "../test/sandbox/sandbox.ts";
import { bareKubelet } from "./floor.ts";
import { round, type Part, type PartOptions } from "./part.ts";

export async function measure({ say, lab }: PartOptions): Promise<Part> {
  const { cluster } = await lab.ours();
  const { stack } = await lab.sandbox();
  const { desiredWorkers } = await lab.settings();
  const scale = async (workers: number): Promise<number> => {
    stack.configure({ desiredWorkers: workers });
    const started = performance.now();
    await stack.must(up);
    const seconds = (performance.now() - started) / 1000;
    // `up` returns when new workers are Ready and removed ones are gone.
    const { size } = await cluster.readySince();
    const wanted = cluster.nodes.size - desiredWorkers + workers;
    if (size !== wanted) throw new Error(`${size} nodes are Ready instead of ${wanted}`);
    say(`  ${workers} workers: ${round(seconds)} s`);
    return seconds;
  };
  const grown = await scale(desiredWorkers + 2);
  const shrunk = await scale(desiredWorkers);
  const floor = await bareKubelet(lab);
  say(`  a bare machine with a kubelet: ${round(floor)} s`);
  const name = (from: number, to: number) => `${from} to ${to} workers`;
  return {
    title: "Two more workers and two fewer: duration of `bin/pulumi up`",
    columns: ["what", "s", "times the lower bound"],
    rows: [
      [name(desiredWorkers, desiredWorkers + 2), round(grown), round(grown / floor, 2)],
      [name(desiredWorkers + 2, desiredWorkers), round(shrunk), "-"],
      ["the lower bound: one bare machine, until a kubelet answers", round(floor), 1],
    ],
    values: {
      upSeconds: round(grown),
      downSeconds: round(shrunk),
      floorSeconds: round(floor),
      ratio: round(grown / floor, 3),
    },
  };
}
