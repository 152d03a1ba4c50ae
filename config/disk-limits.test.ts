import { expect, test } from "vitest";
import { diskProblems } from "./disk-limits.ts";

test.each([
  ["standard.micro", 200],
  ["standard.tiny", 400],
  ["memory.large", 400],
  ["cpu.extra-large", 800],
  ["standard.mega", 800],
  ["standard.titan", 1600],
  ["memory.jumbo", 1600],
  ["standard.colossus", 1600],
])("%s has a disk of at most %i GiB", (type, limit) => {
  for (const kind of ["master", "worker"] as const) {
    const problems = (disk: number) => diskProblems({ [`${kind}Type`]: type, [`${kind}Disk`]: disk });
    expect(problems(limit)).toEqual([]);
    expect(problems(limit + 1)).toMatchObject([{ at: [`${kind}Disk`], instead: String(limit) }]);
  }
});

test("says the setting, its value, the limit and what to do", () => {
  expect(diskProblems({ masterType: "standard.medium", masterDisk: 500 })[0]!.what).toBe(
    "500 GiB is more than the 400 GiB that Exoscale gives masterType standard.medium; " +
      "take a smaller disk, or masterType standard.extra-large or larger",
  );
  expect(diskProblems({ workerType: "cpu.mega", workerDisk: 1601 })[0]!.what).toBe(
    "1601 GiB is more than the 800 GiB that Exoscale gives workerType cpu.mega; take a smaller disk",
  );
});

test.each(["storage.mega", "gpu3.small", "standard.gigantic"])("what is not known of %s is left to the API", (type) => {
  expect(diskProblems({ workerType: type, workerDisk: 51_200 })).toEqual([]);
});

test("a type or a disk that is wrong by itself is no second problem", () => {
  expect(diskProblems({ workerType: "standard.micro" })).toEqual([]);
  expect(diskProblems({ workerDisk: 51_200 })).toEqual([]);
});
