/**
 * Every setting of the program: description, unit, default, check, error message. `loadSettings` turns a stack's
 * configuration into one plain object, or reports everything that is wrong with it together.
 *
 * Pulumi.yaml has descriptions, defaults and scalar types for `pulumi config`; docs/generate/pulumi-yaml.ts writes them.
 */
import { RunError } from "@pulumi/pulumi";
import { closest } from "fastest-levenshtein";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { FileProblems, readChecksum, readMirror, type Problem } from "./config-files.ts";
import type { Mirror, NodeSettings, RebootWindow } from "./ignition/types.ts";
import { kubernetes } from "./versions.ts";

const text = (pattern: RegExp, rule: string) =>
  z.string({ error: ({ input }) => (input === undefined ? "is required" : "must be text") }).regex(pattern, rule);
const integer = (min: number, max: number) => {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
};
const list = <T extends z.ZodType>(item: T) =>
  z.array(item, { error: ({ input }) => (input === undefined ? "is required" : "must be a list") });
const fields = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? unknownNames(issue.keys, Object.keys(shape))
        : issue.input === undefined
          ? "is required"
          : "must have fields",
  });

const cidr = z.string("must be text").refine(isCIDR, "must be an IPv4 network without host bits");
const url = text(/^https?:\/\/[^\s/]+(\/\S*)?$/, "must be an http or https URL");
const disk = integer(10, 51_200).default(50);
const instanceType = text(/^[a-z0-9]+\.[a-z0-9-]+$/, "must be family.size").default("standard.medium");
const clock = text(/^([01]\d|2[0-3]):[0-5]\d$/, "must be HH:MM, from 00:00 to 23:59");
/** A Go duration between two limits in seconds; becomes seconds. */
const duration = (min: number, max: number, rule: string) =>
  z
    .string("must be text")
    .refine((value) => seconds(value) >= min && seconds(value) <= max, `must be a Go duration ${rule}`)
    .transform(seconds);
const rebootWindow = (start: string) =>
  fields({ start: clock.default(start), length: duration(60, 86_400, "from 1m to 24h").prefault("1h") }).prefault({
    start,
    length: "1h",
  });
/** A Go duration of whole hours; becomes hours. */
const hours = z
  .string("must be text")
  .refine((value) => seconds(value) >= 0 && seconds(value) % 3600 === 0, "must be a Go duration of whole hours")
  .transform((value) => seconds(value) / 3600);

/** A setting: its description for `pulumi config` and docs/configuration.md, a valid example, and its check. */
const setting = <T extends z.ZodType>(description: string, example: unknown, check: T): T =>
  check.meta({ description, example });

/** The settings as a stack's configuration holds them. */
export const schema = z.object({
  // where
  zone: setting(
    "Exoscale zone. Cannot change while the cluster exists.",
    "ch-gva-2",
    text(/^[a-z]+(-[a-z0-9]+)*-\d+$/, "must be a zone's name"),
  ),
  apiEndpoint: setting(
    "Base URL of Exoscale's API v2; {zone} is replaced by the zone.",
    "https://api-{zone}.exoscale.com/v2",
    url.default("https://api-{zone}.exoscale.com/v2"),
  ),

  // machines
  masters: setting(
    "Number of masters: 1, 3 or 5. Cannot change while the cluster exists.",
    3,
    z.literal([1, 3, 5], "must be 1, 3 or 5").default(3),
  ),
  desiredWorkers: setting("Number of workers, 0 to 1000.", 5, integer(0, 1000).default(3)),
  masterType: setting(
    "Instance type of the masters, family.size. Another one of the same family is applied to one master after the other, drained first; the family cannot change.",
    "standard.medium",
    instanceType,
  ),
  workerType: setting(
    "Instance type of the workers, family.size. Another one of the same family is applied to maxUnavailable workers at a time, drained first; the family cannot change.",
    "standard.medium",
    instanceType,
  ),
  masterDisk: setting(
    "Disk of a master in GiB, 10 to 51200. It can only grow, one master after the other, drained first.",
    50,
    disk,
  ),
  workerDisk: setting(
    "Disk of a worker in GiB, 10 to 51200. Changed on maxUnavailable workers at a time, drained first; a smaller one rebuilds them.",
    50,
    disk,
  ),
  template: setting(
    "Flatcar image that is registered as a template: url; checksum, its MD5 in hex or the path of an md5sum(1) or DIGESTS file; bootMode, legacy (default) or uefi. A new one rebuilds maxUnavailable workers at a time, drained first; masters take it when they are replaced.",
    {
      url: "https://stable.release.flatcar-linux.net/amd64-usr/4757.2.0/flatcar_production_exoscale_image.qcow2",
      checksum: "flatcar_production_exoscale_image.qcow2.DIGESTS",
      bootMode: "legacy",
    },
    fields({
      url,
      checksum: text(/./, "must not be empty"),
      bootMode: z.enum(["legacy", "uefi"], "must be legacy or uefi").default("legacy"),
    }),
  ),

  // networking
  podCIDR: setting(
    "IPv4 network of the pods, a /24 of it per node. Cannot change while the cluster exists.",
    "10.244.0.0/16",
    cidr.default("10.244.0.0/16"),
  ),
  serviceCIDR: setting(
    "IPv4 network of the Services. Cannot change while the cluster exists.",
    "10.96.0.0/16",
    cidr.default("10.96.0.0/16"),
  ),
  sshSources: setting(
    "IPv4 networks that may reach the nodes' SSH. The machine that runs Pulumi must be among them.",
    ["203.0.113.7/32"],
    list(cidr).min(1, "is required"),
  ),
  apiSources: setting(
    "IPv4 networks that may reach the Kubernetes API. They must include the elastic IP's health checks: Exoscale does not publish their addresses and asks for the ports behind a managed elastic IP to be open to all (0.0.0.0/0).",
    ["0.0.0.0/0"],
    list(cidr).min(1, "is required"),
  ),
  nodePortSources: setting(
    "IPv4 networks that may reach node ports 30000-32767 of the workers.",
    ["0.0.0.0/0"],
    list(cidr).default([]),
  ),

  // access
  sshPublicKeys: setting(
    "OpenSSH public keys that may log in as core, in addition to the stack's own key.",
    ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0example me@laptop"],
    list(text(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\n]*)?$/, "must be an OpenSSH public key line")).default([]),
  ),

  // updates
  masterRebootWindow: setting(
    "When masters may reboot for an update: start HH:MM, length as a Go duration up to 24h.",
    { start: "04:00", length: "1h" },
    rebootWindow("04:00"),
  ),
  workerRebootWindow: setting(
    "When workers may reboot for an update: start HH:MM, length as a Go duration up to 24h.",
    { start: "05:00", length: "1h" },
    rebootWindow("05:00"),
  ),
  timeZone: setting(
    "Time zone of the reboot windows, an IANA name.",
    "Europe/Zurich",
    z.string("must be text").refine(isTimeZone, "must be a time zone's IANA name").default("UTC"),
  ),
  maxUnavailable: setting(
    "How many workers may be down at the same time while they are changed.",
    1,
    integer(1, 1000).default(1),
  ),
  drainTimeout: setting(
    "How long the pods of a node that goes down may resist eviction, be it for an update, a reboot or a removal. A Go duration up to 25m.",
    "5m",
    // systemd forces a reboot after half an hour (JobTimeoutSec= of reboot.target).
    duration(1, 1500, "from 1s to 25m").prefault("5m"),
  ),

  // certificates
  leafValidity: setting(
    "How long certificates of nodes and components are valid, a Go duration of whole hours.",
    "8760h",
    hours.prefault("8760h"),
  ),
  renewBefore: setting(
    "How long before they expire certificates are renewed by `pulumi up`, a Go duration of whole hours.",
    "720h",
    hours.prefault("720h"),
  ),
  caValidity: setting(
    "How long the certificate authorities are valid, a Go duration of whole hours.",
    "87600h",
    hours.prefault("87600h"),
  ),
  caReplacement: setting(
    "Steps taken to replace the certificate authorities. A replacement takes three: raise it by one and run a whole `pulumi up` each time.",
    1,
    integer(0, 3000).default(0),
  ),

  // advanced
  mirror: setting(
    "Where nodes fetch instead of upstream, under upstream's paths: files, a base URL; registries, host:port[/prefix]; ca, path of the PEM of their CA; checksums, path of a sha256sum(1) manifest of the files.",
    {
      files: "https://mirror.example",
      registries: "mirror.example:5000",
      ca: "mirror-ca.pem",
      checksums: "SHA256SUMS",
    },
    fields({
      files: text(
        /^https?:\/\/[^\s/]+(\/\S*)?[^/]$/,
        "must be an http or https URL without a slash at its end",
      ).optional(),
      registries: text(/^[a-z0-9.-]+(:\d+)?(\/\S*[^/])?$/, "must be host, host:port or host:port/prefix").optional(),
      ca: text(/./, "must not be empty").optional(),
      checksums: text(/./, "must not be empty").optional(),
    }).default({}),
  ),
  waitFor: setting(
    "When `pulumi up` ends: cluster, when nodes are Ready and DNS answers; instances, when Exoscale's API says running, without add-ons and drains.",
    "cluster",
    z.enum(["cluster", "instances"], "must be cluster or instances").default("cluster"),
  ),
});

/**
 * Settings of earlier releases by name. A stack may still have them where their value changes nothing.
 * @returns what is wrong with a value, and what to do
 */
const retired: Readonly<Record<string, (value: string) => string | undefined>> = {
  kubernetesVersion: (value) =>
    ["", kubernetes].includes(value)
      ? undefined
      : `this checkout makes clusters of ${kubernetes}; take the checkout of ${value}, or pulumi config rm kubernetesVersion`,
};

type Raw = z.infer<typeof schema>;

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
  const problems: Problem[] = [];
  const names = Object.keys(schema.shape) as (keyof Raw)[];
  for (const [name, value] of Object.entries(values).filter(([name]) => !(name in schema.shape))) {
    const what = name in retired ? retired[name]!(value) : unknownNames([name], names);
    if (what) problems.push({ where: name, what });
  }
  const good: Partial<Raw> = {};
  for (const name of names) {
    const { success, data, error } = schema.shape[name].safeParse(decode(name, values[name]));
    if (success) Object.assign(good, { [name]: data });
    for (const issue of error?.issues ?? []) problems.push({ where: path([name, ...issue.path]), what: issue.message });
  }
  if (!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(stack)) {
    problems.push({
      where: "stack name",
      what: `${stack} begins every node's name: at most 40 of a-z, 0-9 and -, a letter first`,
    });
  }
  problems.push(...networkProblems(good), ...validityProblems(good));
  const mirror = attempt(problems, () => readMirror(good.mirror ?? {}, directory));
  const template =
    good.template &&
    attempt(problems, () => ({ ...good.template!, checksum: readChecksum(good.template!, directory) }));
  if (problems.length > 0 || !mirror || !template) throw new RunError(report(problems, stack));
  const complete = good as Raw;
  return {
    ...complete,
    clusterName: stack,
    apiEndpoint: complete.apiEndpoint.replace("{zone}", complete.zone),
    mirror,
    template,
  };
}

/** A setting's value from Pulumi's text. Text that is no JSON stays text: the schema refuses it. */
function decode(name: keyof Raw, value: string | undefined): unknown {
  if (value === undefined || value === "") return undefined;
  const { type } = z.toJSONSchema(schema.shape[name], { io: "input" });
  if (type === "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function networkProblems({ podCIDR, serviceCIDR, masters, desiredWorkers }: Partial<Raw>): Problem[] {
  const problems: Problem[] = [];
  const reserved = {
    "Docker's bridge": "172.17.0.0/16",
    "link-local addresses": "169.254.0.0/16",
    loopback: "127.0.0.0/8",
    multicast: "224.0.0.0/4",
  };
  for (const [where, network] of Object.entries({ podCIDR, serviceCIDR })) {
    for (const [what, other] of Object.entries(reserved)) {
      if (network && overlap(network, other)) problems.push({ where, what: `${network} overlaps ${other} (${what})` });
    }
  }
  if (podCIDR && serviceCIDR && overlap(podCIDR, serviceCIDR)) {
    problems.push({ where: "serviceCIDR", what: `${serviceCIDR} overlaps podCIDR ${podCIDR}` });
  }
  const [podBits, serviceBits] = [podCIDR, serviceCIDR].map((network) => Number(network?.split("/")[1]));
  // flannel gives each node a /24 and never uses the first one.
  if (podBits! > 22 || podBits! < 8) problems.push({ where: "podCIDR", what: "must be between /8 and /22" });
  else if (podBits && masters! + desiredWorkers! > 2 ** (24 - podBits) - 1) {
    problems.push({
      where: "podCIDR",
      what: `has a /24 for ${2 ** (24 - podBits) - 1} nodes, masters and desiredWorkers make ${masters! + desiredWorkers!}`,
    });
  }
  if (serviceBits! > 24 || serviceBits! < 12)
    problems.push({ where: "serviceCIDR", what: "must be between /12 and /24" });
  return problems;
}

function validityProblems({ leafValidity, renewBefore, caValidity }: Partial<Raw>): Problem[] {
  const problems: Problem[] = [];
  if (leafValidity === 0) problems.push({ where: "leafValidity", what: "must be at least 1h" });
  if (renewBefore! >= leafValidity!)
    problems.push({
      where: "renewBefore",
      what: "must be shorter than leafValidity, or every `pulumi up` would renew",
    });
  if (caValidity! < leafValidity!)
    problems.push({ where: "caValidity", what: "must not be shorter than leafValidity" });
  return problems;
}

/** undefined where files that a setting names cannot be used; the reasons join the problems. */
function attempt<T>(problems: Problem[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FileProblems)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function report(problems: readonly Problem[], stack: string): string {
  const lines = problems.map(({ where, what }) => {
    const example = exampleOf(where);
    return `  ${where}: ${what}${example ? `\n    for example: pulumi config set ${example}` : ""}`;
  });
  return `the configuration of stack ${stack} cannot be used:\n${lines.join("\n")}`;
}

/** Arguments of a `pulumi config set` that gives the setting at a path a valid value. */
function exampleOf(where: string): string | undefined {
  const [name = "", ...rest] = where.split(/[.[\]]+/).filter(Boolean);
  if (!(name in schema.shape)) return undefined;
  const { example } = schema.shape[name as keyof Raw].meta() as { example: unknown };
  if (Array.isArray(example)) return `--path '${name}[0]' '${String(example[0])}'`;
  if (typeof example !== "object" || example === null) return `${name} ${String(example)}`;
  const field = rest[0] && rest[0] in example ? rest[0] : Object.keys(example)[0]!;
  return `--path ${name}.${field} ${String((example as Record<string, unknown>)[field])}`;
}

const path = (parts: readonly PropertyKey[]): string =>
  parts
    .map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join("");

function unknownNames(unknown: readonly string[], known: readonly string[]): string {
  return unknown.map((name) => `there is no setting ${name}, did you mean ${closest(name, known)}?`).join(" ");
}

function isCIDR(value: string): boolean {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(value)) return false;
  return ipaddr.IPv4.networkAddressFromCIDR(value).toString() === value.split("/")[0];
}

function overlap(a: string, b: string): boolean {
  const [first, second] = [ipaddr.IPv4.parseCIDR(a), ipaddr.IPv4.parseCIDR(b)];
  return first[0].match(second[0], Math.min(first[1], second[1]));
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/** Seconds of a Go duration made of h, m and s; NaN for anything else. */
function seconds(duration: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  if (!match || duration === "") return NaN;
  const [h = 0, m = 0, s = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return h * 3600 + m * 60 + s;
}
