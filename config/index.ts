/**
 * The settings as the program gets them: `loadSettings` turns a stack's configuration into one plain object, or reports
 * everything that is wrong with it together.
 */
import { RunError } from "@pulumi/pulumi";
import { z } from "zod";
import type { Mirror, NodeSettings, RebootWindow } from "../ignition/types.ts";
import { problemsTogether } from "./checks.ts";
import { readChecksum, readMirror } from "./files.ts";
import { unknownName } from "./names.ts";
import type { Problem } from "./problem.ts";
import { report } from "./report.ts";
import { retired } from "./retired.ts";
import { schema, type Raw } from "./schema.ts";
import { removalProblems } from "./workers.ts";

/** What the components get: files are read, {zone} is replaced. Durations of certificates are hours, all others seconds. */
export interface Settings extends Omit<Raw, "mirror" | "template"> {
  /** The stack's name; every name in the cloud and on the nodes begins with it. */
  readonly clusterName: string;
  readonly template: {
    readonly url: string;
    /** MD5 in hex. */
    readonly checksum: string;
    readonly bootMode: "legacy" | "uefi";
  };
  readonly mirror: Mirror;
}

/** The settings that reach nodes, for those of a pool with this window: all that a cloud-config has of them. */
export function nodeSettings(
  { podCIDR, serviceCIDR, sshPublicKeys, timeZone, drainTimeout, mirror }: Settings,
  rebootWindow: RebootWindow,
): NodeSettings {
  return { podCIDR, serviceCIDR, sshPublicKeys, rebootWindow, timeZone, drainTimeout, mirror };
}

/**
 * Checks a stack's configuration.
 * @param values by setting's name without the namespace; lists and objects are JSON
 * @param stack the stack's name
 * @param directory what relative paths in settings start from
 * @throws RunError naming every setting that cannot be used, the reason, and a valid example
 */
export function loadSettings(values: Readonly<Record<string, string>>, stack: string, directory: string): Settings {
  const names = Object.keys(schema.shape) as (keyof Raw)[];
  const problems = Object.entries(values).flatMap(([name, value]) => problemsOfName(name, value, names));
  const raw: Record<string, unknown> = {};
  const good: Partial<Raw> = {};
  for (const name of names) {
    raw[name] = decode(name, values[name]);
    const { success, data, error } = schema.shape[name].safeParse(raw[name]);
    if (success) Object.assign(good, { [name]: data });
    problems.push(...(error?.issues ?? []).flatMap((issue) => problemsOf(name, issue)));
  }
  if (!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(stack)) {
    problems.push({
      at: ["stack name"],
      what: `${stack} begins every node's name: at most 40 of a-z, 0-9 and -, a letter first`,
      unknown: true,
    });
  }
  problems.push(...removalProblems(good, stack), ...problemsTogether(good));
  const mirror = readMirror(good.mirror ?? {}, directory, problems);
  const checksum = good.template && readChecksum(good.template, directory, problems);
  if (problems.length > 0) throw new RunError(report(problems, raw, stack));
  const complete = good as Raw;
  return {
    ...complete,
    clusterName: stack,
    apiEndpoint: complete.apiEndpoint.replaceAll("{zone}", complete.zone),
    mirror,
    template: { ...complete.template, checksum: checksum! },
  };
}

/** What is wrong with the name of a setting. */
function problemsOfName(name: string, value: string, names: readonly string[]): Problem[] {
  if (names.includes(name)) return [];
  if (!Object.hasOwn(retired, name))
    return [{ at: [name], what: unknownName(name, "setting", names, "docs/configuration.md has all"), remove: true }];
  const what = retired[name]!(value);
  return what === undefined ? [] : [{ at: [name], what, unknown: true }];
}

/** What an issue of a setting's check says. */
function problemsOf(name: keyof Raw, issue: z.core.$ZodIssue): Problem[] {
  const at = [name, ...issue.path];
  if (issue.code !== "unrecognized_keys")
    return [{ at, what: issue.message, ...(issue.code === "custom" && issue.params) }];
  const known = Object.keys((z.toJSONSchema(schema.shape[name], { io: "input" }) as { properties: object }).properties);
  return issue.keys.map((key) => ({
    at: [...at, key],
    what: unknownName(key, "field", known, `there are ${known.join(", ")}`),
    remove: true,
  }));
}

/** Settings that are text, whatever it looks like. */
const texts = new Set(
  Object.entries<z.ZodType>(schema.shape).flatMap(([name, check]) =>
    z.toJSONSchema(check, { io: "input" }).type === "string" ? [name] : [],
  ),
);

/** A setting's value from Pulumi's text. Text that is no JSON stays text: the schema refuses it. */
function decode(name: keyof Raw, value: string | undefined): unknown {
  if (value === undefined || value === "") return undefined;
  if (texts.has(name)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
