import { stringify } from "yaml";
import { z } from "zod";

import { schema } from "../../config/schema.ts";

type Json = z.core.JSONSchema.BaseSchema;

/** docs/configuration.md: every setting, with the rule that its check states for an invalid value. */
export function configurationPage(): string {
  const settings = Object.entries(schema.shape) as [string, z.ZodType][];
  return [
    "# Configuration",
    "",
    "Every setting, generated from `config/schema.ts`. Settings are stored in `Pulumi.STACK.yaml`. `pulumi config set NAME VALUE` sets one,",
    "`pulumi config set --path 'NAME[0]' VALUE` an item of a list, `--path NAME.FIELD` a field. Commit the file: nothing in it is",
    "secret. Invalid values are refused before the first API call, all of them together, each with a valid example. Relative",
    "paths start from the directory of `Pulumi.yaml`.",
    "",
    ...settings.flatMap(([name, check]) => section(name, check)),
  ].join("\n");
}

function section(name: string, check: z.ZodType): string[] {
  const { description, example } = check.meta() as { description: string; example: unknown };
  const json = z.toJSONSchema(check, { io: "input" });
  return [
    `## ${name}`,
    "",
    description,
    "",
    ...(json.properties
      ? fields(check, json)
      : [`- value: ${rule(check, [])}`, `- default: ${defaultOf(check, json)}`]),
    "",
    "```yaml",
    // As the CLI writes it: numbers as text. YAML 1.1 reads 04:00 as a number, so such text is quoted.
    stringify(
      { [`kubernetes:${name}`]: typeof example === "number" ? String(example) : example },
      { lineWidth: 0, version: "1.1" },
    ).trimEnd(),
    "```",
    "",
  ];
}

/** The fields of a setting, as a table. */
function fields(check: z.ZodType, { properties = {} }: Json): string[] {
  const rows = Object.entries(properties).map(([name, field]) => {
    const { default: value } = field as Json;
    const fallback = value !== undefined ? code(value) : isMissed(check, name) ? "required" : "none";
    return `| ${name} | ${rule(check, [name])} | ${fallback} |`;
  });
  return ["| field | value | default |", "|---|---|---|", ...rows];
}

/** Whether the check requires a field. */
function isMissed(check: z.ZodType, name: string): boolean {
  return check.safeParse({}).error?.issues.some(({ path }) => path[0] === name) ?? false;
}

/**
 * What a value must be, as the check's error message states it: the check gets an empty string, which no setting accepts,
 * and if it wants a list, a list with one.
 */
function rule(check: z.ZodType, path: readonly string[]): string {
  const complaint = (value: unknown): string => {
    const { error } = check.safeParse(path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
    const problem = error?.issues.find((issue) => path.every((name, i) => issue.path[i] === name));
    if (!problem) throw new Error(`The check accepts ${JSON.stringify(value)}, so it states no rule.`);
    return words(problem.message);
  };
  const all = complaint("");
  return all === "a list" ? `a list; each ${complaint([""])}` : all;
}

const words = (message: string): string => message.replace(/^must (be )?/, (_, be) => (be ? "" : "must "));

function defaultOf(check: z.ZodType, { default: value }: Json): string {
  if (!check.safeParse(undefined).success) return "none, required";
  return Array.isArray(value) && value.length === 0 ? "an empty list" : code(value);
}

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
