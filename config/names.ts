import { closest, distance } from "fastest-levenshtein";

/**
 * What is said of a name that no setting, or no field of one, has.
 * @param all what tells all names, for one that is not misspelt
 */
export function unknownName(name: string, kind: "setting" | "field", known: readonly string[], all: string): string {
  const like = closest(name, known);
  const isTypo = distance(name.toLowerCase(), like.toLowerCase()) <= Math.max(2, like.length / 3);
  return `there is no ${kind} ${name}, ${isTypo ? `did you mean ${like}?` : all}`;
}
