import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { onNode, oneLine, shellWord, visible } from "./words.ts";

/** Also with what shells and terminals take for their own. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(..."ab '\"$`\\!*?;&|()<>{}[]~#=\n\t\r\u001b\u007f\u0085\u009b\u202e\u200b".split("")),
  }),
);

/** The words that a shell makes of a command, without running it. */
const words = (command: string): string[] =>
  execFileSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);

test("no text acts on a terminal", () => {
  fc.assert(
    fc.property(text, (raw) => {
      expect(oneLine(raw)).toMatch(/^\P{Cc}*$/u);
      expect(visible(raw)).toMatch(/^[\P{Cc}\n]*$/u);
      for (const shown of [oneLine(raw), visible(raw)]) expect(shown).not.toMatch(/[\p{Cf}\u2028\u2029]/u);
    }),
  );
});

test("what a person can read stays as it is", () => {
  const line = "Wörter, 日本語 und “Zeichen” : dev-worker-2 since 2026-11-24T04:10:03Z";
  expect(oneLine(line)).toBe(line);
  expect(visible(`${line}\n${line}`)).toBe(`${line}\n${line}`);
  expect(oneLine("a\u001b]52;c;Y3VybA==\u0007\nb\u202ec")).toBe("a\\x1b]52;c;Y3VybA==\\x07\\x0ab\\u{202e}c");
});

test("a shell takes each word for what it is", { timeout: 60_000 }, () => {
  const withoutNul = text.map((raw) => raw.replaceAll("\0", "").toWellFormed());
  fc.assert(
    fc.property(withoutNul, (raw) => {
      expect(words(`before ${shellWord(raw)} after`)).toEqual(["before", raw, "after"]);
    }),
    { numRuns: 200 },
  );
  expect(shellWord("kube-system/coredns:1.15@x")).toBe("kube-system/coredns:1.15@x");
  expect(shellWord("")).toBe("''");
});

test(
  "of a command on a node, this machine's shell makes one argument, and the node's shell the words",
  { timeout: 60_000 },
  () => {
    const withoutNul = text.map((raw) => raw.replaceAll("\0", "").toWellFormed());
    fc.assert(
      fc.property(withoutNul, (raw) => {
        const [ssh, node, ...command] = words(onNode("dev-master-1", `give ${shellWord(raw)}`));
        expect([ssh, node]).toEqual(["bin/ssh", "dev-master-1"]);
        // As ssh joins them.
        expect(words(command.join(" "))).toEqual(["give", raw]);
      }),
      { numRuns: 200 },
    );
    expect(onNode("dev-master-1", "sudo sh -c 'tail -n 50 /var/log/*'")).toBe(
      `bin/ssh dev-master-1 "sudo sh -c 'tail -n 50 /var/log/*'"`,
    );
  },
);
