/**
 * The short form of `npm run chaos -- --machines`: a cluster that loses a master while clients write and read, and then its
 * power. Logs of a failure stay in test-results/cluster.
 */
import { describe, test } from "vitest";

import { Cluster } from "../chaos/machines/cluster.ts";
import { machineLines } from "../chaos/machines/lines.ts";
import { trialsOf } from "../chaos/trials.ts";
import { fromNothing } from "./fromNothing.ts";

/** In this order: each needs the cluster that the one before has left. */
const few: readonly (readonly [line: string, only: string])[] = [
  ["lost master", "dev-master-1 is deleted"],
  ["power cut", "of all six at once"],
];

const { passed } = fromNothing();
const cluster = new Cluster();

test("npm run up: from nothing to six nodes that are well", { timeout: 1_800_000 }, () => cluster.begin());

describe.each(few)("%s", (name, only) => {
  const line = machineLines.find((each) => each.name === name)!;
  test.each(trialsOf(line, { runs: 0, seed: 0, only }))("$name", { timeout: 1_800_000 }, async ({ go }) => {
    const verdict = await go(cluster, (text) => console.log(text));
    console.log(verdict);
  });
});

test("all went as it should", () => passed());
