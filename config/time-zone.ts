/**
 * Time zones by the names of their files, as nodes look them up: glibc takes a name without a file for UTC, and says nothing.
 * JavaScript itself also knows names that have no file (`PST`), and any case (`europe/zurich`).
 */
import { readFileSync } from "node:fs";

/**
 * The zones and links of IANA's tzdata 2026f, `backward` included and `Factory` left out, one a line. A name is never
 * taken back. time-zone.test.ts fails when Node knows a zone that is missing here.
 */
export const timeZones: ReadonlySet<string> = new Set(
  readFileSync(new URL("time-zones.txt", import.meta.url), "utf8")
    .trim()
    .split("\n"),
);

/** The time zone that is probably meant by a name that is none. */
export function timeZoneLike(name: string): string | undefined {
  for (const each of timeZones) if (each.toLowerCase() === name.toLowerCase().trim()) return each;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZones.has(timeZone) ? timeZone : undefined;
  } catch {
    return undefined;
  }
}
