/**
 * `npm run up 2>&1 | node docs/generate/record.ts` writes docs/up.txt, from which docs/up.svg is drawn: what was said, but
 * for signs of life, for the CLI's lines about single resources, and for where on this machine the checkout lies.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** @param said what `npm run up` printed on a pipe */
export function record(said: string): string {
  const lines = said
    .replaceAll(/[^\s=:]+(?=\/\.local\/)/g, "~/kubernetes")
    .replaceAll(/[^\s=:]+(?=\/\.cache\/)/g, "~")
    .split("\n")
    .map((line) => line.trimEnd())
    // A step's beginning, where its end follows, and what says that it lasts.
    .filter((line) => !/\] .*: (…|at it for \d+:\d\d)$/.test(line));
  const [from, to] = [lines.indexOf("Updating (dev):"), lines.indexOf("Resources:")];
  if (from < 0 || to < from)
    throw new Error("this is no run of `npm run up` that made a cluster: start with `npm run down`");
  const left = lines.slice(from + 1, to);
  lines.splice(from + 1, left.length, `    ... ${left.filter(Boolean).length} lines about each resource ...`);
  return `$ npm run up\n${lines.filter(Boolean).join("\n")}\n`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, "../up.txt"), record(await text(process.stdin)));
