import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { checkSpace, measure } from "./space.ts";

const GB = 1e9;

test("enough of both passes", () => {
  expect(() =>
    checkSpace({ disk: 10 * GB, memory: 4 * GB }, { disk: 11 * GB, memory: 5 * GB }, "/cache"),
  ).not.toThrow();
});

test("too little disk names directory, both figures and two remedies", () => {
  expect(() =>
    checkSpace({ disk: 22 * GB, memory: 0 }, { disk: 10 * GB, memory: GB }, "/cache"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[Error: The build takes up to 22.0 GB of disk, and /cache has 10.0 GB free. Free some, or set XDG_CACHE_HOME to a directory on a bigger disk.]`,
  );
});

test("too little memory says how much and what helps; both problems come together", () => {
  expect(() => checkSpace({ disk: 22 * GB, memory: 4.4 * GB }, { disk: GB, memory: 2 * GB }, "/cache"))
    .toThrowErrorMatchingInlineSnapshot(`
    [Error: The build takes up to 22.0 GB of disk, and /cache has 1.0 GB free. Free some, or set XDG_CACHE_HOME to a directory on a bigger disk.
    The largest build takes 4.4 GB of memory, and 2.0 GB are available. Stop another program, or add swap or memory.]
  `);
});

test("this machine has some of both", async () => {
  const have = await measure(tmpdir());
  expect(have.disk).toBeGreaterThan(0);
  expect(have.memory).toBeGreaterThan(0);
});
