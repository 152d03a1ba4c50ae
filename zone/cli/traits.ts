/**
 * The flags of `bin/zone up` that make a zone as strict as Exoscale may be: one for each of the zone's traits, and one for all
 * of them.
 */
import { InvalidArgumentError, Option, type Command } from "commander";

import { typeByName } from "../families/instance-types.ts";
import {
  DEFAULT_TRAITS,
  PROFILES,
  type Delay,
  type ErrorTexts,
  type FirstStart,
  type Profile,
  type SshKeyKinds,
  type Traits,
} from "../traits.ts";

const FLAGS: { readonly [Name in keyof Traits]: Flag } = {
  address: {
    flags: "--address <when>",
    description: "from when on instances show their address",
    values: ["before-start", "after-start"] satisfies FirstStart[],
  },
  attach: {
    flags: "--attach <when>",
    description: "from when on instances take elastic IPs and further security groups",
    values: ["before-start", "after-start"] satisfies FirstStart[],
  },
  sshKeys: {
    flags: "--ssh-keys <kinds>",
    description: "SSH keys that can be registered",
    values: ["any", "rsa-ed25519"] satisfies SshKeyKinds[],
  },
  unauthorizedTypes: {
    flags: "--unauthorized-types <types>",
    description: "instance types that the account may not use, with commas",
    values: types,
  },
  operationDelay: {
    flags: "--operation-delay <ms>",
    description: "minimum time that an operation stays pending, or a range of times, like 3000-20000",
    values: milliseconds,
    text: ({ operationDelay }) => [operationDelay].flat().join("-"),
  },
  importDelay: {
    flags: "--import-delay <ms>",
    description: "the same for the import of a template, where that is longer",
    values: milliseconds,
    text: ({ importDelay }) => [importDelay].flat().join("-"),
  },
  rate: {
    flags: "--rate <calls>",
    description: "calls per second above which the answer is 429; 0: no limit",
    values: calls,
  },
  stopAfter: {
    flags: "--stop-after <seconds>",
    description: "how long a stop or a reboot waits for the guest before it cuts the power",
    values: seconds,
  },
  errorTexts: {
    flags: "--error-texts <texts>",
    description: "what errors say; other: no more than their status does",
    values: ["usual", "other"] satisfies ErrorTexts[],
  },
};

interface Flag {
  readonly flags: string;
  readonly description: string;
  /** The values that there are, or a reader of one. */
  readonly values: readonly string[] | ((text: string) => unknown);
  /** The value as it is read. @default String */
  readonly text?: (traits: Traits) => string;
}

/** Commander names what it reads after the flag: `sshKeys` for `--ssh-keys`. */
const NAMES = Object.keys(FLAGS) as (keyof Traits)[];

export const traitOptions = (): Option[] => [
  new Option("--profile <name>", "what the flags below are unless they are given; strict: as strict as Exoscale may be")
    .choices(Object.keys(PROFILES))
    .default("default" satisfies Profile),
  ...NAMES.map((name) => {
    const { flags, description, values } = FLAGS[name];
    const option = new Option(flags, description).default(DEFAULT_TRAITS[name]);
    return typeof values === "function" ? option.argParser(values) : option.choices(values);
  }),
];

/** The traits that a command was given: by flags of their own, else by its profile. */
export function traitsGiven(command: Command): Traits {
  const profile = PROFILES[command.getOptionValue("profile") as Profile];
  const given = NAMES.filter((name) => command.getOptionValueSource(name) !== "default");
  return { ...profile, ...Object.fromEntries(given.map((name) => [name, command.getOptionValue(name)])) };
}

/** The flags that give a zone these traits, e.g. `--ssh-keys=any`. */
export const traitFlags = (traits: Traits): string[] =>
  NAMES.map((name) => {
    const { flags, text = () => String(traits[name]) } = FLAGS[name];
    return `${flags.split(" ")[0]}=${text(traits)}`;
  });

function milliseconds(text: string): Delay {
  const [, least, most = least] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (least === undefined || Number(least) > Number(most))
    throw new InvalidArgumentError("Give a number of milliseconds, like 150, or two, like 3000-20000.");
  return least === most ? Number(least) : [Number(least), Number(most)];
}

function calls(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Give a number of calls per second, like 20; 0: no limit.");
  return Number(text);
}

function seconds(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a number of seconds, like 60.");
  return Number(text);
}

function types(text: string): string[] {
  const names = text.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => typeByName(name) === undefined);
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no instance type ${unknown}.`);
  return names;
}
