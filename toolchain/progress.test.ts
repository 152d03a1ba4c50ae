import { expect, test } from "vitest";
import { clock, Progress, size } from "./progress.ts";

test("durations and sizes for people", () => {
  expect([0, 59.6, 75, 3600].map(clock)).toEqual(["0:00", "1:00", "1:15", "60:00"]);
  expect([1, 62_400_000, 17_400_000_000].map(size)).toEqual(["1 kB", "62 MB", "17.4 GB"]);
});

test("a step says what, how far and how it ended", async () => {
  const lines: string[] = [];
  const progress = new Progress(12, (text) => lines.push(text));
  await progress.step("etcd v3.6.16", () => Promise.resolve(62_000_000), { summary: size });
  await expect(progress.step("flannel v0.28.10", () => Promise.reject(new Error("no disk")))).rejects.toThrow(
    "no disk",
  );
  expect(lines).toEqual([
    " 0:00 [ 1/12] etcd v3.6.16: …\n",
    " 0:00 [ 1/12] etcd v3.6.16: done in 0:00, 62 MB\n",
    " 0:00 [ 2/12] flannel v0.28.10: …\n",
    " 0:00 [ 2/12] flannel v0.28.10: stopped after 0:00\n",
  ]);
});
