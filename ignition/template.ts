import { readFileSync } from "node:fs";
import { join } from "node:path";

type Values = Readonly<Record<string, string | number>>;

/**
 * The text of a file below `files/` with every `{{name}}` replaced by that value; a line that is nothing but an
 * empty value goes away. A name without a value is a mistake in this repository and throws.
 */
export function fill(file: string, values: Values): string {
  const text = readFileSync(join(import.meta.dirname, "files", file), "utf8");
  const value = (name: string): string => {
    if (!(name in values)) throw new Error(`ignition/files/${file} names {{${name}}}, which has no value`);
    return String(values[name]);
  };
  return text
    .replace(/^\{\{(\w+)\}\}\n/gm, (_, name: string) => (value(name) === "" ? "" : `${value(name)}\n`))
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => value(name));
}
