import fc from "fast-check";
import { expect, it } from "vitest";

/** The page's script, which is JavaScript without types. */
const { Ansi } = await import(new URL("page/ansi.js", import.meta.url).href);
const read = (...pieces: string[]): { text: string; look: string }[] => {
  const ansi = new Ansi();
  return pieces.flatMap((piece) => ansi.read(piece));
};
const textOf = (runs: readonly { text: string }[]): string => runs.map(({ text }) => text).join("");

it("shows systemd's colours", () => {
  expect(read("[  \x1b[0;32mOK\x1b[0m  ] Started \x1b[0;1;39mssh\x1b[0m.\r\n")).toEqual([
    { text: "[  ", look: "" },
    { text: "OK", look: "green" },
    { text: "  ] Started ", look: "" },
    { text: "ssh", look: "bold" },
    { text: ".\n", look: "" },
  ]);
  expect(read("\x1b[1;91mbad\x1b[22m worse\x1b[39m fine")).toEqual([
    { text: "bad", look: "red bold" },
    { text: " worse", look: "red" },
    { text: " fine", look: "" },
  ]);
});

it.each([
  ["the numbers of an indexed or RGB colour are not read as codes", "\x1b[38;5;1mone\x1b[48;2;31;32;33mtwo", "onetwo"],
  [
    "titles, cursor movements and bells are dropped",
    "\x1b]0;title\x07a\x1b[2K\x1b[1;1Hb\x1b(Bc\x1b=d\x07e\x1b[?25l\x1b[!pf",
    "abcdef",
  ],
  ["an overwritten line becomes a line of its own", "10 %\r20 %\r\n30 %\n", "10 %\n20 %\n30 %\n"],
  ["markup stays text", "<b>&amp;</b>\n", "<b>&amp;</b>\n"],
])("%s", (_, text, expected) => {
  const runs = read(text);
  expect(textOf(runs)).toBe(expected);
  expect(runs.every(({ look }) => look === "")).toBe(true);
});

it("reads the same text however it is split", () => {
  const parts = [
    "a",
    "\r",
    "\n",
    "\r\n",
    "\x1b[0;32m",
    "\x1b[0m",
    "\x1b[2K",
    "\x1b]0;t\x07",
    "\x1b(B",
    "\x1b[1m",
    " b\t",
  ];
  const text = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 30, size: "max" });
  /** Characters, each with whether a piece begins at it: three of ten do. */
  const cut = text.chain((some) =>
    fc.tuple(
      ...[...`${some.join("")}.`].map((char) =>
        fc.tuple(
          fc.constant(char),
          fc.nat(9).map((n) => n > 6),
        ),
      ),
    ),
  );
  fc.assert(
    fc.property(cut, (chars) => {
      const whole = chars.map(([char]) => char).join("");
      const pieces = chars
        .map(([char, begins]) => (begins ? `|${char}` : char))
        .join("")
        .split("|");
      expect(textOf(read(...pieces))).toBe(textOf(read(whole)));
    }),
    { numRuns: 300, ...(process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }) },
  );
});

it("does not wait forever for a sequence that never ends", () => {
  const ansi = new Ansi();
  expect(textOf(ansi.read(`a\x1b]${"0".repeat(300)}`))).toBe("a");
  expect(textOf(ansi.read("b"))).toBe("b");
});
