import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A whole line, but not the one that names a script's interpreter. */
const COMMENT = /^[ \t]*#(?!!).*\n/gm;

/** By file, since many nodes are rendered from the same ones. */
const texts = new Map<string, string>();

/**
 * The text of a file below `files/`, without the lines that are comments: Exoscale takes 24,573 bytes of user-data, and
 * a third of a master's would be comments.
 */
export function textOf(file: string): string {
  let text = texts.get(file);
  if (text === undefined) {
    text = readFileSync(join(import.meta.dirname, "files", file), "utf8").replace(COMMENT, "");
    texts.set(file, text);
  }
  return text;
}

/**
 * The text of a configuration file below `files/` with every `{{name}}` replaced by its value. A line that is only an
 * empty value is left out. Scripts have no placeholders: they read the environment file.
 *
 * @throws Error if a name has no value
 */
export function fill(file: string, values: Readonly<Record<string, string | number>>): string {
  const value = (name: string): string => {
    if (!(name in values)) throw new Error(`ignition/files/${file} names {{${name}}}, which has no value`);
    return String(values[name]);
  };
  return textOf(file)
    .replace(/^\{\{(\w+)\}\}\n/gm, (_, name: string) => (value(name) === "" ? "" : `${value(name)}\n`))
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => value(name));
}
