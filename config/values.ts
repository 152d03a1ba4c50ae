/** Kinds of values of settings: a check, and the sentence that says what a value must be. */
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { seconds } from "./duration.ts";
import type { Advice } from "./problem.ts";
import { wrongPublicKey } from "./ssh-public-key.ts";
import { timeZoneLike, timeZones } from "./time-zone.ts";

/** Something wrong with a value. */
interface Wrong extends Advice {
  readonly what: string;
}

/** For a value of another type, or none. */
const typed =
  (rule: string) =>
  ({ input }: { readonly input?: unknown }) =>
    input === undefined ? "is required" : rule;

/** An issue of a zod check. */
const issue = ({ what, ...advice }: Wrong, input: unknown, path: PropertyKey[] = []) =>
  ({ code: "custom", message: what, input, path, params: advice }) as const;

/** Text. @param rule what it must be @param check what is wrong with it */
const checkedText = (rule: string, check: (value: string) => Wrong | "" | undefined) =>
  z.string({ error: typed(rule) }).check((context) => {
    const wrong = check(context.value);
    if (wrong) context.issues.push(issue(wrong, context.value));
  });

/** Text of a pattern, with a rule that a value of another pattern breaks. */
export const text = (pattern: RegExp, rule: string) =>
  checkedText(rule, (value) => {
    if (pattern.test(value)) return undefined;
    const instead = value.trim().toLowerCase();
    return { what: rule, ...(pattern.test(instead) && { instead }) };
  });

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: typed(`must be ${values.join(" or ")}`) });

export const integer = (min: number, max: number) => {
  const rule = `must be a whole number from ${min} to ${max}`;
  const isOdd = (input: unknown) => typeof input === "string" && /^\s*[+-]?\d+\s*$/.test(input);
  const error = ({ input }: { readonly input?: unknown }) =>
    isOdd(input) ? `${rule}, without zeros or a sign before it` : typed(rule)({ input });
  return z.int({ error }).min(min, rule).max(max, rule);
};

/** A list without repetitions. */
export const list = <T extends z.ZodType>(item: T) =>
  z.array(item, { error: typed("must be a list") }).check((context) => {
    for (const [i, value] of context.value.entries()) {
      const first = context.value.indexOf(value);
      if (first < i) context.issues.push(issue({ what: `is the same as [${first}]`, remove: true }, value, [i]));
    }
  });

export const fields = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, { error: typed(`must have fields: ${Object.keys(shape).join(", ")}`) });

const cidrRule = "must be an IPv4 network without host bits";

/** What is wrong with an IPv4 network; the one right way to write it is accepted. */
function wrongCIDR(value: string): Wrong | undefined {
  const [, address = "", length = "32"] = /^\s*((?:\d+\.){3}\d+)\s*(?:\/\s*0*(\d+)\s*)?$/.exec(value) ?? [];
  // Without leading zeros, which some read as octal.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) || Number(length) > 32) return { what: cidrRule };
  const instead = `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${length}`).toString()}/${length}`;
  return value === instead ? undefined : { what: cidrRule, instead };
}

export const cidr = checkedText(cidrRule, wrongCIDR);

/** Networks from which no packet comes to a node. */
const silent = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"];

/** What is wrong with a network that a security group lets in. */
function wrongSource(value: string): Wrong | undefined {
  const wrong = wrongCIDR(value);
  if (wrong && wrong.instead === undefined) return wrong;
  const network = ipaddr.IPv4.parseCIDR(wrong?.instead ?? value);
  const isWithin = ([address, length]: [ipaddr.IPv4, number]) =>
    network[0].match(address, length) && network[1] >= length;
  if (!silent.some((each) => isWithin(ipaddr.IPv4.parseCIDR(each)))) return wrong;
  const isAll = network[0].toString() === "0.0.0.0";
  return { what: "must be a network that packets come from", ...(isAll ? { instead: "0.0.0.0/0" } : { remove: true }) };
}

/** Whom a security group lets in. */
export const sources = list(checkedText(cidrRule, wrongSource));

const urlRule = "must be an http or https URL";

/** What is wrong with a URL. @param rule what it must be */
function wrongURL(value: string, rule: string): Wrong | undefined {
  const isURL = (url: string) =>
    /^https?:\/\/[^\s/?#\\]+(\/\S*)?$/.test(url) && URL.canParse(url) && new URL(url).port !== "0";
  if (isURL(value)) return undefined;
  const isHost = /^\s*[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(\/|\s*$)/i.test(value);
  const instead = [value.trim(), ...(isHost ? [`https://${value.trim()}`] : [])].find(isURL);
  return { what: rule, ...(instead !== undefined && { instead }) };
}

/** What is wrong with a URL at whose end paths are added. */
const wrongBase = (value: string, rule: string): Wrong | undefined =>
  wrongURL(value, rule) ??
  (/[?#]/.test(value)
    ? { what: `${rule}, without a query and a fragment, since paths are added at its end` }
    : undefined);

/** Base URL of an API. `{zone}` stands for the zone. */
export const endpoint = checkedText(urlRule, (value) => {
  const url = value.replaceAll("{zone}", "zone");
  if (/[{}]/.test(url)) return { what: `${urlRule} with no other placeholder than {zone}` };
  const wrong = wrongBase(url, urlRule);
  if (wrong) return { what: wrong.what };
  return new URL(url).username ? { what: `${urlRule} without credentials: calls are signed` } : undefined;
});

/**
 * The first of Flatcar's images that Exoscale can use. Those before it are packed and of 8 GiB (flatcar/scripts#4075), and
 * 4593 never applies cloud-config there: its OEM unit writes to /etc/environment, a link into the read-only /usr
 * (kubermatic/operating-system-manager#589).
 */
const FIRST_FLATCAR = 4757;

/** Address of a disk image, which Exoscale downloads. */
export const imageURL = checkedText(urlRule, (value) => {
  const wrong = wrongURL(value, urlRule);
  if (wrong) return wrong;
  const { pathname } = new URL(value);
  const [, version, major] = /\/((\d+)\.\d+\.\d+)\/flatcar_production_exoscale_image/.exec(pathname) ?? [];
  if (Number(major) < FIRST_FLATCAR)
    return {
      what: `${urlRule} of an image of Flatcar ${FIRST_FLATCAR} or later: nodes of ${version} would never apply their cloud-config`,
    };
  const [, packed] = /\.(bz2|gz|xz|zst|zip)$/.exec(pathname) ?? [];
  return packed && { what: `${urlRule} of an image as it is: Exoscale unpacks no .${packed}` };
});

const baseURLRule = "must be an http or https URL without a slash at its end";
/** Base URL of files. */
export const baseURL = checkedText(baseURLRule, (value) => {
  const wrong = wrongBase(value, baseURLRule);
  if (wrong || !value.endsWith("/")) return wrong;
  return { what: baseURLRule, instead: value.replace(/\/+$/, "") };
});

const registryRule = "must be host.domain, host:port or either with /prefix, in lower case";
/** Where images are pulled: what docker takes for a registry, and not for a repository at docker.io. */
export const registry = checkedText(registryRule, (value) => {
  const pattern =
    /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:[1-9]\d{0,4})?(\/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$/;
  if (pattern.test(value) && Number(/:(\d+)/.exec(value)?.[1] ?? 0) <= 65_535) return undefined;
  const instead = value
    .trim()
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "")
    .toLowerCase();
  return { what: registryRule, ...(instead !== value && pattern.test(instead) && { instead }) };
});

export const disk = integer(10, 51_200).default(50);
export const instanceType = text(/^[a-z0-9]+\.[a-z0-9-]+$/, "must be family.size").default("standard.medium");

const clockRule = "must be HH:MM, from 00:00 to 23:59";
const clock = checkedText(clockRule, (value) => {
  const pattern = /^([01]\d|2[0-3]):[0-5]\d$/;
  if (pattern.test(value)) return undefined;
  const instead = value.trim().padStart(5, "0");
  return { what: clockRule, ...(pattern.test(instead) && { instead }) };
});

const timeZoneRule = "must be a time zone's IANA name, as tzdata spells it";
export const timeZone = checkedText(timeZoneRule, (value) => {
  if (timeZones.has(value)) return undefined;
  const instead = timeZoneLike(value);
  return { what: timeZoneRule, ...(instead !== undefined && { instead }) };
}).default("UTC");

/** A Go duration of whole units between two limits; becomes their number. @param limits the same for people */
const durationOf = (unit: number, min: number, max: number, rule: string) =>
  checkedText(rule, (value) => {
    const number = (seconds(value) ?? NaN) / unit;
    return Number.isInteger(number) && number >= min && number <= max ? undefined : { what: rule };
  }).transform((value) => seconds(value)! / unit);

/** A Go duration between two limits in seconds; becomes seconds. */
export const duration = (min: number, max: number, limits: string) =>
  durationOf(1, min, max, `must be a Go duration ${limits}, in whole seconds`);

/** A Go duration of whole hours, up to the longest that Go knows; becomes hours. @param min hours */
export const hours = (min: number) =>
  durationOf(3600, min, 2_562_047, `must be a Go duration of whole hours, from ${min}h to 2562047h`);

export const rebootWindow = (start: string) =>
  fields({ start: clock.default(start), length: duration(60, 86_400, "from 1m to 24h").prefault("1h") }).prefault({
    start,
    length: "1h",
  });

export const sshPublicKeys = list(
  checkedText("must be an OpenSSH public key line", (value) => {
    const what = wrongPublicKey(value);
    return what === undefined ? undefined : { what };
  }),
);
