import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { Background, Blocked, Queue } from "./queue.ts";

const options = { parallel: 1, timeout: 200, pause: 20 };

/** Runs named turns, and notes who is at work. */
function workplace(parallel = 1) {
  const queue = new Queue({ ...options, parallel });
  const touched: string[] = [];
  let working = 0;
  let most = 0;
  const work = (name: string, outcome: () => void = () => {}) =>
    queue.run(name, async () => {
      touched.push(name);
      most = Math.max(most, ++working);
      await sleep(10);
      working--;
      outcome();
      return name;
    });
  return { queue, work, touched, most: () => most };
}

test("one after the other", async () => {
  const { work, most } = workplace();
  await expect(Promise.all(["a", "b", "c"].map((name) => work(name)))).resolves.toEqual(["a", "b", "c"]);
  expect(most()).toBe(1);
});

test("no more than may be unavailable", async () => {
  const { work, most } = workplace(2);
  await Promise.all(["a", "b", "c", "d"].map((name) => work(name)));
  expect(most()).toBe(2);
});

test("after one has failed the others are not touched", async () => {
  const { work, touched } = workplace();
  const results = await Promise.allSettled([
    work("a"),
    work("b", () => {
      throw new Error("b is not well\nlast lines");
    }),
    work("c"),
  ]);
  expect(results.map((each) => (each.status === "rejected" ? (each.reason as Error).message : each.value))).toEqual([
    "a",
    "b is not well\nlast lines",
    "c was not touched, because the update of b before it failed.",
  ]);
  expect(touched).toEqual(["a", "b"]);
  await expect(work("d")).rejects.toThrow("d was not touched");
});

test("a blocked node lets the others go first", async () => {
  const { queue, work, touched } = workplace();
  const healthy = queue.run("a", async () => (touched.includes("broken") ? "a" : new Blocked("broken is down")));
  await expect(Promise.all([healthy, work("broken")])).resolves.toEqual(["a", "broken"]);
});

test("only blocked nodes wait for those in the background", async () => {
  const { queue } = workplace();
  const well = new Set<string>();
  // Neither gets well before the other is up as well.
  const repair = (name: string) =>
    queue.run(name, async () => {
      well.add(name);
      return new Background(async () => {
        while (well.size < 2) await sleep(1);
        // Longer than the healthy one's timeout.
        await sleep(options.timeout * 2);
        well.add("all");
        return name;
      });
    });
  const healthy = queue.run("c", async () => (well.has("all") ? "c" : new Blocked("two are down")));
  await expect(Promise.all([healthy, repair("a"), repair("b")])).resolves.toEqual(["c", "a", "b"]);
});

test("a node that stays blocked is refused with the reason", async () => {
  const { queue, work } = workplace();
  await expect(queue.run("a", async () => new Blocked("etcd of b: unhealthy"))).rejects.toThrow(
    /^a was not touched: waited 0 s for the others: etcd of b: unhealthy\nWhat is broken is repaired in its own turn, unless `--target`/,
  );
  await expect(work("c")).rejects.toThrow("c was not touched, because the update of a before it failed");
});
