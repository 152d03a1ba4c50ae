/** The names are those that a node finds: this machine has tzdata, as nodes do. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { timeZone } from "./values.ts";
import { timeZoneLike, timeZones } from "./time-zone.ts";

const accepts = (name: string) => timeZone.safeParse(name).success;
const hasFile = (name: string) => existsSync(join("/usr/share/zoneinfo", name));

test("every zone that Node knows is in the list, and Node knows every one of the list", () => {
  expect(Intl.supportedValuesOf("timeZone").filter((name) => !timeZones.has(name))).toEqual([]);
  for (const name of timeZones) expect(() => new Intl.DateTimeFormat("en", { timeZone: name }), name).not.toThrow();
});

test("every name that is accepted has its file", () => {
  expect([...timeZones].filter((name) => !hasFile(name))).toEqual([]);
  const letters = fc
    .constantFrom(...timeZones)
    .chain((name) =>
      fc.tuple(...[...name].map((letter) => fc.constantFrom(letter, letter.toLowerCase(), letter.toUpperCase()))),
    );
  const names = fc.oneof(
    fc.constantFrom(...timeZones),
    letters.map((all) => all.join("")),
    fc.string(),
  );
  fc.assert(
    fc.property(names, (name) => {
      if (accepts(name)) expect(hasFile(name)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  "UTC",
  "Etc/UTC",
  "Europe/Zurich",
  "Europe/Kiev",
  "Europe/Kyiv",
  "US/Pacific",
  "EST5EDT",
  "Etc/GMT-2",
  "GMT+0",
  "CET",
])("%s is accepted", (name) => {
  expect(accepts(name)).toBe(true);
});

test.each([
  ["europe/zurich", "Europe/Zurich"],
  ["ETC/utc", "Etc/UTC"],
  ["us/pacific", "US/Pacific"],
  [" Europe/Zurich", "Europe/Zurich"],
  ["PST", "America/Los_Angeles"],
  ["JST", "Asia/Tokyo"],
  ["SystemV/PST8", undefined],
  ["CEST+2", undefined],
  ["+01:00", undefined],
  ["posix/Europe/Zurich", undefined],
  ["Europe/../UTC", undefined],
  ["Factory", undefined],
  ["localtime", undefined],
  ["zone.tab", undefined],
  ["Europe", undefined],
])("%o is refused, and %o is offered", (name, like) => {
  expect(accepts(name)).toBe(false);
  expect(timeZoneLike(name)).toBe(like);
});
