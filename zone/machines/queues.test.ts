import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createQueues } from "./queues.ts";

test("one thing at a time for a key, in order, whatever failed before; other keys do not wait", async () => {
  const queues = createQueues();
  const done: string[] = [];
  const work = (name: string, ms: number, fails = false) => async () => {
    await sleep(ms);
    done.push(name);
    if (fails) throw new Error(name);
    return name;
  };
  const first = queues.of("a", work("a1", 30, true));
  const second = queues.of("a", work("a2", 0));
  const other = queues.of("b", work("b1", 5));
  await expect(first).rejects.toThrow("a1");
  expect(await second).toBe("a2");
  expect(await other).toBe("b1");
  expect(done).toEqual(["b1", "a1", "a2"]);
});

test("is idle when nothing is left, also of what was added meanwhile", async () => {
  const queues = createQueues();
  let last = false;
  void queues.of("a", async () => {
    await sleep(5);
    void queues.of("a", async () => {
      await sleep(5);
      last = true;
    });
  });
  await queues.idle();
  expect(last).toBe(true);
});
