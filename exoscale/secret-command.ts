import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { Refused } from "./errors.ts";

const run = promisify(execFile);

/** Milliseconds that it may take: somebody may have to touch a key. */
const timeout = 60_000;

/** By command. A password manager is asked once, not for every call. */
const known = new Map<string, Promise<string>>();

/**
 * What a `secretCommand` prints, without newlines at its end.
 *
 * @param command Program and arguments. @param where The account, for messages: nothing else of the command but its program
 * appears in one, since its arguments and what it prints may be secret
 * @throws Refused; the command runs again at the next call
 */
export function secretFrom(command: readonly string[], where: string): Promise<string> {
  const name = JSON.stringify(command);
  let secret = known.get(name);
  if (!secret) {
    secret = ask(command, where);
    known.set(name, secret);
    secret.catch(() => known.delete(name));
  }
  return secret;
}

async function ask([program, ...args]: readonly string[], where: string): Promise<string> {
  const running = run(program!, args, { timeout });
  running.child.stdin?.end();
  const refuse = (what: string) =>
    new Refused(`${where} has a secretCommand, ${program}, which ${what}. Run it in a terminal to see why.`);
  const { stdout } = await running.catch((error: NodeJS.ErrnoException & { killed?: boolean; signal?: string }) => {
    if (error.code === "ENOENT" || error.code === "EACCES") throw refuse("cannot be started");
    if (error.killed) throw refuse(`did not end within ${timeout / 1000} s`);
    throw refuse(`failed${error.signal ? ` by ${error.signal}` : ` with exit code ${error.code}`}`);
  });
  const secret = stdout.replace(/\n+$/, "");
  if (secret === "") throw refuse("printed nothing");
  return secret;
}
