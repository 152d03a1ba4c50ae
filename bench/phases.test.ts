import { expect, test } from "vitest";
import { phasesOf } from "./phases.ts";

test("phases follow each other without gaps or overlaps", () => {
  expect(
    phasesOf(1000, [
      ["first", 3000],
      ["overtaken", 2500],
      ["last", 7500],
    ]),
  ).toEqual([
    { name: "first", seconds: 2 },
    { name: "overtaken", seconds: 0 },
    { name: "last", seconds: 4.5 },
  ]);
});
