import { type Account, findConfiguration, readAccount } from "./exo-configuration.ts";
import { Refused } from "./errors.ts";
import { secretFrom } from "./secret-command.ts";

/** An API key pair. */
export interface Credentials {
  /** `EXO...` */
  readonly key: string;
  readonly secret: string;
}

/** Variables with the key and with the secret: the first that is set counts, as in the exo CLI. */
const variables = {
  key: ["EXOSCALE_API_KEY", "EXOSCALE_KEY"],
  secret: ["EXOSCALE_API_SECRET", "EXOSCALE_SECRET", "EXOSCALE_SECRET_KEY"],
} as const;

/**
 * The current credentials: those of the environment, or else of the account EXOSCALE_ACCOUNT (or the default account) in the
 * exo CLI's configuration. Read for every call, never stored; only a `secretCommand` runs once per process.
 *
 * @throws Refused if there are none; the message names both ways, and no secret.
 */
export async function credentials(env: NodeJS.ProcessEnv = process.env): Promise<Credentials> {
  const [key, secret] = [variables.key, variables.secret].map((names) =>
    names.map((name) => env[name]).find((value) => value !== undefined),
  );
  if (key && secret) return { key, secret };
  if (key || secret) {
    const missing = key ? "SECRET" : "KEY";
    throw new Refused(`No Exoscale credentials: EXOSCALE_API_${missing} is not set, though its partner is.`);
  }

  const file = findConfiguration(env);
  const remedy = "Set EXOSCALE_API_KEY and EXOSCALE_API_SECRET, or run `exo config`";
  if (file.path === undefined) throw new Refused(`No Exoscale credentials. ${remedy}, which writes ${file.usual}.`);
  const account = readAccount(file.path, env.EXOSCALE_ACCOUNT);
  return { key: account.key, secret: await secretOf(account) };
}

async function secretOf({ where, secret, secretCommand }: Account): Promise<string> {
  if (secretCommand.length > 0) return secretFrom(secretCommand, where);
  if (secret) return secret;
  throw new Refused(`${where} has neither a secret nor a secretCommand. Run \`exo config\` to set it.`);
}
