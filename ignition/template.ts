import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A whole line, but not the one that names a script's interpreter. */
const COMMENT = /^[ \t]*#(?!!).*\n/gm;

type Values = Readonly<Record<string, string | number>>;

/** Texts without their comments: a file is read once, not once for each node. */
const texts = new Map<string, string>();

function textOf(file: string): string {
  let text = texts.get(file);
  if (text === undefined) {
    text = readFileSync(join(import.meta.dirname, "files", file), "utf8").replace(COMMENT, "");
    texts.set(file, text);
  }
  return text;
}

/**
 * The text of a file below `files/` with every `{{name}}` replaced by that value; a line that is nothing but an
 * empty value goes away, and so do lines of comment: Exoscale takes 24,573 bytes of user-data, and a third of a master's
 * would be explanations. A name without a value is a mistake in this repository and throws.
 */
export function fill(file: string, values: Values): string {
  const text = textOf(file);
  const value = (name: string): string => {
    if (!(name in values)) throw new Error(`ignition/files/${file} names {{${name}}}, which has no value`);
    return String(values[name]);
  };
  return text
    .replace(/^\{\{(\w+)\}\}\n/gm, (_, name: string) => (value(name) === "" ? "" : `${value(name)}\n`))
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => value(name));
}
