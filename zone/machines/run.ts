import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs a host's command to its end.
 * @returns its standard output
 * @throws with the whole command and what it wrote to standard error
 */
export async function run(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await execute(command, args)).stdout;
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new Error(`${[command, ...args].join(" ")}: ${said}`, { cause });
  }
}
