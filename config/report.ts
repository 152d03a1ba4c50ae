import type { Problem } from "./problem.ts";
import { schema, type Raw } from "./schema.ts";

/**
 * The message of all problems together. The same mistake in many items of a list is said once.
 * @param values the refused ones: no example repeats one
 */
export function report(problems: readonly Problem[], values: Readonly<Record<string, unknown>>, stack: string): string {
  const alike = Map.groupBy(problems, ({ at, what }) =>
    JSON.stringify([at.filter((part) => typeof part !== "number"), what]),
  );
  const lines = [...alike.values()].map(([first, ...others]) => {
    const more = others.length > 0 ? ` and ${others.length} more` : "";
    const remedy = remedyOf(first!, values);
    return `  ${path(first!.at)}${more}: ${first!.what}${remedy ? `\n    for example: pulumi config ${remedy}` : ""}`;
  });
  return `the configuration of stack ${stack} cannot be used:\n${lines.join("\n")}`;
}

/** Arguments of a `pulumi config` that mends a problem. */
function remedyOf(problem: Problem, values: Readonly<Record<string, unknown>>): string | undefined {
  const { at, instead, remove, unknown } = problem;
  if (unknown) return undefined;
  if (remove) return `rm ${argument(at)}`;
  if (instead !== undefined) return `set ${argument(at)} ${quoted(instead)}`;
  const example = exampleOf(at, values[String(at[0])]);
  return example && `set ${argument(example.at)} ${quoted(example.value)}`;
}

/** The example of a setting, of its field, or of an item that its list lacks. */
function exampleOf(
  [name, ...rest]: readonly PropertyKey[],
  value: unknown,
): { at: PropertyKey[]; value: string } | undefined {
  const { example } = schema.shape[name as keyof Raw].meta() as { example: unknown };
  if (Array.isArray(example)) {
    const item = (example as string[]).find((each) => !Array.isArray(value) || !value.includes(each));
    return item === undefined ? undefined : { at: [name!, rest[0] ?? 0], value: item };
  }
  if (typeof example !== "object" || example === null)
    return isSame(value, example) ? undefined : { at: [name!], value: String(example) };
  const field = rest[0] !== undefined && rest[0] in example ? rest[0] : Object.keys(example)[0]!;
  const of = (fields: unknown): unknown => (fields as Record<PropertyKey, unknown> | undefined | null)?.[field];
  return isSame(of(value), of(example)) ? undefined : { at: [name!, field], value: String(of(example)) };
}

const isSame = (value: unknown, example: unknown): boolean =>
  (typeof value === "string" || typeof value === "number") && String(value) === String(example);

/** A setting's path, as `pulumi config set --path` takes it. */
const path = (parts: readonly PropertyKey[]): string =>
  parts
    .map(String)
    .map((part, i) =>
      i === 0
        ? part
        : /^\d+$/.test(part)
          ? `[${part}]`
          : /^[\w-]+$/.test(part)
            ? `.${part}`
            : `[${JSON.stringify(part)}]`,
    )
    .join("");

const argument = (at: readonly PropertyKey[]): string => `${at.length > 1 ? "--path " : ""}${quoted(path(at))}`;

/** As a shell takes it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
