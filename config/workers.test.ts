import { expect, test } from "vitest";
import { workerNames } from "./workers.ts";

test("removed workers leave gaps: the others keep their numbers, a new one gets a number that was never used", () => {
  expect(workerNames("dev", 3, [])).toEqual(["dev-worker-1", "dev-worker-2", "dev-worker-3"]);
  expect(workerNames("dev", 2, ["dev-worker-2"])).toEqual(["dev-worker-1", "dev-worker-3"]);
  expect(workerNames("dev", 3, ["dev-worker-2"])).toEqual(["dev-worker-1", "dev-worker-3", "dev-worker-4"]);
  expect(workerNames("dev", 1, ["dev-worker-1", "dev-worker-2"])).toEqual(["dev-worker-3"]);
  expect(workerNames("dev", 0, ["dev-worker-1"])).toEqual([]);
});
