/** Durations as Go writes them: `1h30m`, `90m`, `1.5h`. */

const units = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;
type Unit = keyof typeof units;

/** A unit's letters; the longer ones first, since `m` begins `ms`. */
const unit = "ns|us|\u00b5s|\u03bcs|ms|s|m|h";
const whole = new RegExp(`^([-+]?)(0|(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:${unit}))+)$`);
const part = new RegExp(`(\\d*)\\.?(\\d*)(${unit})`, "g");

/** Go's time.Duration has 64 bits: 292 years. */
const longest = 2n ** 63n - 1n;

/** Seconds of what Go's time.ParseDuration accepts; undefined for anything else. */
export function seconds(duration: string): number | undefined {
  const [, sign, parts] = whole.exec(duration) ?? [];
  if (parts === undefined) return undefined;
  let total = 0n;
  for (const [, integer = "", fraction = "", name] of parts.matchAll(part)) {
    const size = units[name as Unit];
    total += BigInt(integer || 0) * size + (BigInt(fraction || 0) * size) / 10n ** BigInt(fraction.length);
  }
  if (total > longest) return undefined;
  const exact = Number(total / units.s) + Number(total % units.s) / Number(units.s);
  return sign === "-" ? -exact : exact;
}
