/** The reboot window as the node's script computes it, compared with a wall clock. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { renderWorker } from "./index.ts";
import { worker } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

const directory = mkdtempSync(join(tmpdir(), "window-"));
afterAll(() => rmSync(directory, { recursive: true }));
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9));

interface Window {
  start: string;
  length: number;
  timeZone: string;
}

/** What the script prints for each time, in seconds since 1970: open or not (1, 0), or when it opens. */
function ask({ start, length, timeZone }: Window, command: "is-open" | "opens", times: readonly number[]): number[] {
  const place = mkdtempSync(join(directory, "node-"));
  unpack(renderWorker({ ...worker, rebootWindow: { start, length }, timeZone }), place);
  const script = `for time in ${times.join(" ")}; do
    ${command === "opens" ? `bash ${place}/bin/reboot-window opens $time` : `bash ${place}/bin/reboot-window is-open $time; echo $((! $?))`}
  done`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n").map(Number);
}
const isOpen = (window: Window, ...times: string[]): boolean[] =>
  ask(
    window,
    "is-open",
    times.map((time) => Date.parse(time) / 1000),
  ).map(Boolean);
const opens = (window: Window, time: string): string =>
  new Date(ask(window, "opens", [Date.parse(time) / 1000])[0]! * 1000).toISOString();

/** Seconds of the day on a wall clock. */
function wall(time: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  }).formatToParts(time * 1000);
  const [h, m, s] = ["hour", "minute", "second"].map((type) => Number(parts.find((part) => part.type === type)!.value));
  return h! * 3600 + m! * 60 + s!;
}
/** The same rule, independently: it closes half a minute before its end. */
const expected = ({ start, length, timeZone }: Window, time: number): boolean => {
  const [h, m] = start.split(":").map(Number);
  return length === 86_400 || (wall(time, timeZone) - h! * 3600 - m! * 60 + 86_400) % 86_400 < length - 30;
};

describe("a window", () => {
  const night = { start: "04:00", length: 3600, timeZone: "Europe/Zurich" };

  test("opens and closes by the clock of its zone, and half a minute early", () => {
    expect(
      isOpen(
        night,
        "2026-11-24T02:59:59Z",
        "2026-11-24T03:00:00Z",
        "2026-11-24T03:59:29Z",
        "2026-11-24T03:59:30Z",
        "2026-11-24T04:00:00Z",
      ),
    ).toEqual([false, true, true, false, false]);
    // Summer time.
    expect(
      isOpen(night, "2026-07-24T01:59:59Z", "2026-07-24T02:00:00Z", "2026-07-24T02:59:29Z", "2026-07-24T03:00:00Z"),
    ).toEqual([false, true, true, false]);
  });

  test("goes over midnight", () => {
    const late = { start: "23:30", length: 5400, timeZone: "UTC" };
    expect(
      isOpen(
        late,
        "2026-11-24T23:29:59Z",
        "2026-11-24T23:30:00Z",
        "2026-11-25T00:00:00Z",
        "2026-11-25T00:59:29Z",
        "2026-11-25T01:00:00Z",
      ),
    ).toEqual([false, true, true, true, false]);
  });

  test("of 24 hours never closes", () => {
    const always = { start: "04:00", length: 86_400, timeZone: "UTC" };
    expect(isOpen(always, "2026-11-24T03:59:59Z", "2026-11-24T04:00:00Z", "2026-11-24T20:00:00Z")).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("in the hour that summer time skips is as long as the clock shows it", () => {
    const early = { start: "02:30", length: 3600, timeZone: "Europe/Zurich" };
    // 02:00 is 03:00 on that day.
    expect(
      isOpen(early, "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:29:29Z", "2026-03-29T01:30:00Z"),
    ).toEqual([false, true, true, false]);
    expect(opens(early, "2026-03-29T00:30:00Z")).toBe("2026-03-29T01:00:00.000Z");
    // 03:00 is 02:00 again.
    expect(
      isOpen(
        early,
        "2026-10-25T00:29:59Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T02:29:00Z",
        "2026-10-25T02:30:00Z",
      ),
    ).toEqual([false, true, false, true, true, false]);
  });

  test("opens next at its hour, also across a change of the clocks", () => {
    expect(opens(night, "2026-11-24T02:59:59Z")).toBe("2026-11-24T03:00:00.000Z");
    expect(opens(night, "2026-11-24T03:00:00Z")).toBe("2026-11-25T03:00:00.000Z");
    expect(opens(night, "2026-03-28T12:00:00Z")).toBe("2026-03-29T02:00:00.000Z");
    expect(opens(night, "2026-10-24T12:00:00Z")).toBe("2026-10-25T03:00:00.000Z");
    expect(opens({ ...night, timeZone: "Asia/Kathmandu" }, "2026-11-24T12:00:00Z")).toBe("2026-11-24T22:15:00.000Z");
  });

  test("in a time zone that the node does not have keeps it from going down", () => {
    const obstacle = (timeZone: string): string => {
      const place = mkdtempSync(join(directory, "node-"));
      unpack(renderWorker({ ...worker, rebootWindow: { start: "00:00", length: 86_400 }, timeZone }), place);
      return execFileSync("bash", [`${place}/bin/reboot-window`, "obstacle"], { encoding: "utf8" });
    };
    for (const timeZone of ["europe/zurich", "PST", "Nowhere/Here"])
      expect(obstacle(timeZone)).toBe(`has no time zone ${timeZone}\n`);
    for (const timeZone of ["UTC", "Europe/Zurich", "US/Pacific"])
      expect(obstacle(timeZone)).not.toContain("time zone");
  });

  test(`agrees with a wall clock, at any time in any zone (SEED=${seed})`, () => {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const zones = [
      "UTC",
      "Europe/Zurich",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
      "Pacific/Chatham",
      "America/St_Johns",
    ];
    for (const timeZone of zones) {
      const start = `${String(random(24)).padStart(2, "0")}:${String(random(60)).padStart(2, "0")}`;
      const window = { start, length: 60 * (1 + random(1440)), timeZone };
      const times = Array.from({ length: 12 }, () => Date.parse("2026-01-01") / 1000 + random(2 * 366 * 86_400));
      expect(ask(window, "is-open", times).map(Boolean), JSON.stringify(window)).toEqual(
        times.map((time) => expected(window, time)),
      );
    }
  }, 60_000);
});
