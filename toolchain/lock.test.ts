import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "./lock.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "lock-"))));
afterEach(() => rm(directory, { recursive: true }));

test("the second waits, says so, and goes on when the first is done", async () => {
  const file = join(directory, "lock");
  const events: string[] = [];
  let finish = (): void => {};
  const first = withLock(
    file,
    () => events.push("first waits"),
    async () => {
      events.push("first works");
      await new Promise<void>((done) => (finish = done));
      events.push("first ends");
    },
  );
  while (events.length === 0) await new Promise((done) => setTimeout(done, 10));
  const second = withLock(
    file,
    () => {
      events.push("second waits");
      finish();
    },
    async () => void events.push("second works"),
  );
  await Promise.all([first, second]);
  expect(events).toEqual(["first works", "second waits", "first ends", "second works"]);
});

test("a failure gives the lock back", async () => {
  const file = join(directory, "lock");
  await expect(
    withLock(
      file,
      () => {},
      () => Promise.reject(new Error("no disk")),
    ),
  ).rejects.toThrow("no disk");
  expect(
    await withLock(
      file,
      () => {},
      () => Promise.resolve("free"),
    ),
  ).toBe("free");
});
