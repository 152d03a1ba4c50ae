import { Command } from "commander";
import { expect, test } from "vitest";

import type { Traits } from "../traits.ts";
import { traitFlags, traitOptions } from "./traits.ts";

/** The traits that `bin/zone up` reads from flags. */
function read(...flags: string[]): Traits {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const option of traitOptions()) command.addOption(option);
  return command.parse(flags, { from: "user" }).opts();
}

test.each([
  [[]],
  [["--address=after-start", "--unauthorized-types=cpu.huge,standard.titan"]],
  [["--operation-delay=3000-20000", "--rate=20", "--stop-after=60", "--error-texts=other"]],
])("%j is read as it is written", (flags) => {
  const traits = read(...flags);
  expect(traitFlags(traits)).toEqual(expect.arrayContaining(flags));
  expect(read(...traitFlags(traits))).toEqual(traits);
});

test("a stop is after a second at least", () => {
  expect(() => read("--stop-after=0")).toThrow("Give a number of seconds");
});

test("a rate is a number of calls", () => {
  expect(() => read("--rate=fast")).toThrow("Give a number of calls per second");
});

test.each(["soon", "-5", "20-3", "3-", "1.5"])("an operation delay of %s is none", (delay) => {
  expect(() => read(`--operation-delay=${delay}`)).toThrow("Give a number of milliseconds");
});
