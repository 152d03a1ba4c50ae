import { Command } from "commander";
import { expect, test } from "vitest";

import { DEFAULT_TRAITS, PROFILES, type Traits } from "../traits.ts";
import { traitFlags, traitOptions, traitsGiven } from "./traits.ts";

/** The traits that `bin/zone up` reads from flags. */
function read(...flags: string[]): Traits {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const option of traitOptions()) command.addOption(option);
  return traitsGiven(command.parse(flags, { from: "user" }));
}

test.each([
  [[]],
  [traitFlags(PROFILES.strict)],
  [["--address=after-start", "--unauthorized-types=cpu.huge,standard.titan"]],
  [["--operation-delay=3000-20000", "--import-delay=60000", "--rate=20", "--stop-after=60", "--error-texts=other"]],
])("%j is read as it is written", (flags) => {
  const traits = read(...flags);
  expect(traitFlags(traits)).toEqual(expect.arrayContaining(flags));
  expect(read(...traitFlags(traits))).toEqual(traits);
});

test("a profile has a value for each flag, which the flag itself overrides", () => {
  expect(read()).toEqual(DEFAULT_TRAITS);
  expect(read("--profile=strict")).toEqual(PROFILES.strict);
  for (const [name, usual] of Object.entries(DEFAULT_TRAITS))
    expect(PROFILES.strict[name as keyof Traits]).not.toEqual(usual);
  const flags = ["--rate=0", "--unauthorized-types=", "--error-texts=usual"];
  const some = { rate: 0, unauthorizedTypes: [], errorTexts: "usual" };
  expect(read("--profile=strict", ...flags)).toEqual({ ...PROFILES.strict, ...some });
  expect(read(...flags, "--profile=strict")).toEqual({ ...PROFILES.strict, ...some });
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
