import { readFileSync } from "node:fs";
import { join } from "node:path";
import pRetry from "p-retry";
import { ssh, SshError, type SshTarget } from "../remote/ssh.ts";
import { timeouts } from "../timeouts.ts";

/**
 * Runs a script of `remote/` as root on a master, again if SSH fails.
 *
 * @param masters an address that leads to a healthy one
 * @param argument not quoted
 * @throws SshError if SSH failed three times
 */
export function onMaster(masters: SshTarget, script: string, argument: string): ReturnType<typeof ssh> {
  const text = readFileSync(join(import.meta.dirname, "..", "remote", script), "utf8");
  return pRetry(() => ssh(masters, `sudo bash -s ${argument}`, timeouts.rewrite, text), {
    retries: 2,
    minTimeout: timeouts.recheck,
    factor: 1,
    shouldRetry: ({ error }) => error instanceof SshError,
  });
}
