import fc from "fast-check";
import { expect, test } from "vitest";
import { seconds } from "./duration.ts";

test.each([
  ["0", 0],
  ["0h", 0],
  ["60s", 60],
  ["90m", 5400],
  ["1h30m", 5400],
  ["1.5h", 5400],
  [".5h", 1800],
  ["1.h", 3600],
  ["+1h", 3600],
  ["-1h", -3600],
  ["30m1h", 5400],
  ["1m1m", 120],
  ["007h", 25_200],
  ["1500ms", 1.5],
  ["1\u00b5s", 1e-6],
  ["1\u03bcs", 1e-6],
  ["2562047h47m16.854775807s", 9223372036.854775807],
])("%s is what Go takes it for", (text, expected) => {
  expect(seconds(text)).toBe(expected);
});

test.each(["", "1", "h", "1d", "1 h", " 1h", "1h ", "1H", ".h", "1h30", "--1h", "1e3s", "0x1h", "2562048h", "\u0661h"])(
  "%o is none to Go, nor here",
  (text) => {
    expect(seconds(text)).toBeUndefined();
  },
);

test("what is written as Go writes it is read as what it was", () => {
  fc.assert(
    fc.property(fc.nat(2_562_046), fc.nat(59), fc.nat(59), (h, m, s) => {
      expect(seconds(`${h}h${m}m${s}s`)).toBe(h * 3600 + m * 60 + s);
    }),
  );
});
