/** The exo CLI's configuration file, found and read as the exo CLI does. */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { parse } from "smol-toml";

import { messageOf, Refused } from "./errors.ts";

/** What is used of an account. */
export interface Account {
  /** The file and the account, for messages. */
  readonly where: string;
  readonly key: string;
  readonly secret: string | undefined;
  /** Prints the secret, and comes before `secret`. Program and arguments; empty: there is none. */
  readonly secretCommand: readonly string[];
}

/** Bytes that the file may have. */
const limit = 1024 * 1024;

/**
 * The configuration file: EXOSCALE_CONFIG, or the first `exoscale.toml` of those places where the exo CLI looks for it.
 * @returns its path, or undefined if there is none; and the place where `exo config` writes it
 * @throws Refused if EXOSCALE_CONFIG names none
 */
export function findConfiguration(env: NodeJS.ProcessEnv): { path: string | undefined; usual: string } {
  if (env.EXOSCALE_CONFIG) {
    const path = resolve(env.EXOSCALE_CONFIG);
    if (!isThere(path)) throw new Refused(`EXOSCALE_CONFIG is ${path}, which does not exist.`);
    return { path, usual: path };
  }
  const home = env.HOME || homedir();
  // Snap packages have theirs elsewhere.
  const own = env.SNAP_USER_COMMON ? join(home, ".exoscale") : join(configurationOf(env, home), "exoscale");
  const places = [own, join(home, ".exoscale"), home, process.cwd()].map((place) => join(place, "exoscale.toml"));
  return { path: places.find(isThere), usual: places[0]! };
}

/** Where a user's programs have their configuration, as Go's os.UserConfigDir says. */
function configurationOf(env: NodeJS.ProcessEnv, home: string): string {
  if (process.platform === "darwin") return join(home, "Library", "Application Support");
  return env.XDG_CONFIG_HOME || join(home, ".config");
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // It may not be read, which is said when it is.
    return true;
  }
}

/**
 * An account of a configuration file.
 * @param name Its name. @default the default account
 * @throws Refused
 */
export function readAccount(path: string, name: string | undefined): Account {
  const configuration = readTable(path);
  const accounts = tables(configuration.accounts);
  const chosen = name || configuration.defaultaccount;
  const names = accounts.map((each) => String(each.name)).join(", ") || "none";
  if (typeof chosen !== "string" || chosen === "") {
    throw new Refused(
      `${path} has no default account; there are ${names}. Set EXOSCALE_ACCOUNT, or run \`exo config set NAME\`.`,
    );
  }
  const account = accounts.find((each) => each.name === chosen);
  const whence = name ? "EXOSCALE_ACCOUNT" : "its defaultAccount";
  if (!account) throw new Refused(`${path} has no account "${chosen}", which ${whence} names; there are ${names}.`);
  const where = `The account "${chosen}" in ${path}`;
  if (typeof account.key !== "string" || account.key === "")
    throw new Refused(`${where} has no key. Run \`exo config\` to set it.`);
  const { secret, secretcommand: command } = account;
  return {
    where,
    key: account.key,
    secret: typeof secret === "string" ? secret : undefined,
    // The exo CLI splits text at commas.
    secretCommand: (typeof command === "string" ? command.split(",") : Array.isArray(command) ? command : []).map(
      String,
    ),
  };
}

type Table = Readonly<Record<string, unknown>>;

function readTable(path: string): Table {
  try {
    const { size } = assertFile(path);
    if (size > limit) throw new Error(`it has more than ${limit / 1024} KiB`);
    return lowerCase(parse(readFileSync(path, "utf8")));
  } catch (error) {
    // Only the first line of the parser's message: the rest quotes the file.
    throw new Refused(
      `${path} cannot be read: ${messageOf(error).split("\n")[0]}. The exo CLI's configuration is TOML.`,
    );
  }
}

/** Reading a pipe or a device may never end. */
function assertFile(path: string): { size: number } {
  const stats = statSync(path);
  if (!stats.isFile()) throw new Error("it is no file");
  return stats;
}

const tables = (value: unknown): Table[] =>
  (Array.isArray(value) ? (value as unknown[]) : [])
    .filter((each) => typeof each === "object" && each !== null)
    .map(lowerCase);

/** The exo CLI takes keys in any case: `defaultAccount` and `defaultaccount` are the same. */
function lowerCase(table: object): Table {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key.toLowerCase(), value as unknown]));
}
