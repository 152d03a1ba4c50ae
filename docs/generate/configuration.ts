import { stringify } from "yaml";
import { z } from "zod";

import { schema } from "../../config.ts";

type Json = z.core.JSONSchema.BaseSchema;

/** docs/configuration.md: every setting, with what its check says to a value that will not do. */
export function configurationPage(): string {
  const settings = Object.entries(schema.shape) as [string, z.ZodType][];
  return [
    "# Configuration",
    "",
    "Every setting, written from `config.ts`. They stand in `Pulumi.STACK.yaml`, which `pulumi config set NAME VALUE` edits",
    "(`pulumi config set --path 'NAME[0]' VALUE` for an item of a list, `--path NAME.FIELD` for a field) and which belongs",
    "into version control: nothing in it is secret. What cannot be used is refused before the first API call, all of it at",
    "once, with an example of what can. Relative paths start from the directory of `Pulumi.yaml`.",
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

/** A setting with fields: a table of them. */
function fields(check: z.ZodType, { properties = {} }: Json): string[] {
  const rows = Object.entries(properties).map(([name, field]) => {
    const { default: value } = field as Json;
    const fallback = value !== undefined ? code(value) : isMissed(check, name) ? "required" : "none";
    return `| ${name} | ${rule(check, [name])} | ${fallback} |`;
  });
  return ["| field | value | default |", "|---|---|---|", ...rows];
}

/** Whether the check complains when a field is not given. */
function isMissed(check: z.ZodType, name: string): boolean {
  return check.safeParse({}).error?.issues.some(({ path }) => path[0] === name) ?? false;
}

/**
 * What a value must be, in the words of the error message: the check is given an empty text, which no setting takes, and
 * where a list is asked for, a list of one.
 */
function rule(check: z.ZodType, path: readonly string[]): string {
  const complaint = (value: unknown): string => {
    const { error } = check.safeParse(path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
    const problem = error?.issues.find((issue) => path.every((name, i) => issue.path[i] === name));
    if (!problem) throw new Error(`${JSON.stringify(value)} is taken: how else is the setting's rule to be learned?`);
    return words(problem.message);
  };
  const all = complaint("");
  return all === "a list" ? `a list; each ${complaint([""])}` : all;
}

const words = (message: string): string => message.replace(/^must (be )?/, (_, be) => (be ? "" : "must "));

function defaultOf(check: z.ZodType, { default: value }: Json): string {
  if (!check.safeParse(undefined).success) return "none, it is required";
  return Array.isArray(value) && value.length === 0 ? "an empty list" : code(value);
}

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
