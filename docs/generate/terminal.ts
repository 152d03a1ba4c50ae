import { readFileSync } from "node:fs";

import { escape } from "./svg.ts";

/** Pixels. */
const [character, line, margin] = [7.8, 19, 16];
/** Characters of a line; what is longer ends in a mark. */
const width = 112;

// Dark on every page, as a terminal is.
const style = `
  text { font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d0d7de; white-space: pre }
  .typed { fill: #7ee787; font-weight: 600 }
  .left { fill: #8b949e }
  rect { fill: #14181d }
`;

/** docs/up.svg: the run that docs/up.txt has, as a terminal shows it. */
export function terminal(): string {
  const lines = readFileSync(new URL("../up.txt", import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  const size = [Math.ceil(width * character) + 2 * margin, lines.length * line + 2 * margin] as const;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(" ")}" width="${size[0]}" height="${size[1]}" role="img">`,
    "<title>npm run up: from a fresh clone to six nodes that are Ready</title>",
    `<style>${style}</style>`,
    `<rect width="${size[0]}" height="${size[1]}" rx="8"/>`,
    ...lines.map((said, i) => {
      const kind = said.startsWith("$ ") ? ' class="typed"' : /^ +\.\.\. /.test(said) ? ' class="left"' : "";
      return `<text${kind} x="${margin}" y="${margin + line * i + 14}" xml:space="preserve">${escape(said.length > width ? `${said.slice(0, width - 1)}…` : said)}</text>`;
    }),
    "</svg>",
    "",
  ].join("\n");
}
