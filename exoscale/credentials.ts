import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { parse } from "smol-toml";

import { messageOf, Refused } from "./errors.ts";

/** An API key pair. */
export interface Credentials {
  /** `EXO...` */
  readonly key: string;
  readonly secret: string;
}

/** The part of the exo CLI's configuration that is used. */
interface ExoConfiguration {
  readonly defaultaccount?: string;
  readonly accounts?: readonly { readonly name?: string; readonly key?: string; readonly secret?: string }[];
}

/**
 * The current credentials: EXOSCALE_API_KEY and EXOSCALE_API_SECRET, or else the account EXOSCALE_ACCOUNT (or the default
 * account) of the exo CLI's configuration file. Read for every call, never stored.
 *
 * @throws Refused if there are none; the message names both ways.
 */
export function credentials(env: NodeJS.ProcessEnv = process.env): Credentials {
  const { EXOSCALE_API_KEY: key, EXOSCALE_API_SECRET: secret } = env;
  if (key && secret) return { key, secret };
  if (key || secret) {
    throw new Refused(
      `No Exoscale credentials: EXOSCALE_API_${key ? "SECRET" : "KEY"} is not set, though its partner is.`,
    );
  }

  const file = join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "exoscale", "exoscale.toml");
  const remedy = `Set EXOSCALE_API_KEY and EXOSCALE_API_SECRET, or run \`exo config\`, which writes ${file}.`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Refused(`No Exoscale credentials. ${remedy}`);
  }
  let configuration: ExoConfiguration;
  try {
    configuration = parse(text);
  } catch (error) {
    // Only the first line of the parser's message: the rest quotes the file.
    throw new Refused(`${file} cannot be read: ${messageOf(error).split("\n")[0]}`);
  }
  const name = env.EXOSCALE_ACCOUNT || configuration.defaultaccount;
  const account = configuration.accounts?.find((candidate) => candidate.name === name);
  if (!account?.key || !account.secret) {
    throw new Refused(`${file} has no account ${JSON.stringify(name ?? "")} with key and secret. ${remedy}`);
  }
  return { key: account.key, secret: account.secret };
}
