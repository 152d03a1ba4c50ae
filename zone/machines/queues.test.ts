import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createQueues } from "./queues.ts";

test("one thing at a time for a key, in order, whatever failed before; other keys do not wait", async () => {
  const queues = createQueues();
  const done: string[] = [];
  const task =
    (name: string, ms: number, fails = false) =>
    async () => {
      await sleep(ms);
      done.push(name);
      if (fails) throw new Error(name);
      return name;
    };
  const first = queues.add("a", task("a1", 30, true));
  const second = queues.add("a", task("a2", 0));
  const other = queues.add("b", task("b1", 5));
  await expect(first).rejects.toThrow("a1");
  expect(await second).toBe("a2");
  expect(await other).toBe("b1");
  expect(done).toEqual(["b1", "a1", "a2"]);
});

test("is idle when nothing is left, also of what was added meanwhile", async () => {
  const queues = createQueues();
  let last = false;
  void queues.add("a", async () => {
    await sleep(5);
    void queues.add("a", async () => {
      await sleep(5);
      last = true;
    });
  });
  await queues.idle();
  expect(last).toBe(true);
});

test("what is urgent interrupts what may take long before it, begun or not, and nothing after it", async () => {
  const queues = createQueues();
  const done: string[] = [];
  const long = (name: string) => () =>
    queues.interruptible("a", async (interrupted) => {
      while (!interrupted.aborted && !(name === "last" && done.includes("urgent 2"))) await sleep(1);
      done.push(`${name}${interrupted.aborted ? " interrupted" : ""}`);
    });
  const all = [queues.add("a", long("first")), queues.add("a", long("second"))];
  await sleep(5);
  expect(done).toEqual([]);
  for (const n of [1, 2]) all.push(queues.addUrgent("a", async () => void done.push(`urgent ${n}`)));
  all.push(queues.add("a", long("last")));
  await Promise.all(all);
  expect(done).toEqual(["first interrupted", "second interrupted", "urgent 1", "urgent 2", "last"]);
});

test("everything that may take long is interrupted at the end", async () => {
  const queues = createQueues();
  const long = (key: string) =>
    queues.add(key, () =>
      queues.interruptible(
        key,
        (interrupted) => new Promise((resolve) => interrupted.addEventListener("abort", () => resolve(key))),
      ),
    );
  const all = Promise.all([long("a"), long("b")]);
  await sleep(5);
  queues.interruptAll();
  expect(await all).toEqual(["a", "b"]);
});
