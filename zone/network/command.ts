import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Debian's package of each command that the zone's network runs. */
const packages: Readonly<Record<string, string>> = {
  conntrack: "conntrack",
  ip: "iproute2",
  modprobe: "kmod",
  nft: "nftables",
};

/**
 * Runs a command of the host to its end.
 *
 * @param options.input what it reads on standard input
 * @param options.accept exit codes that are no failure, 0 alone by default
 * @returns its standard output
 * @throws Error with the command line and what it wrote to standard error
 */
export async function run(
  command: string,
  args: readonly string[],
  { input = "", accept = [0] }: { input?: string; accept?: readonly number[] } = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  // A command that ends without reading its input closes the pipe; its exit code says what is to be said.
  child.stdin.on("error", () => {}).end(input);
  const [[code], output, errors] = await Promise.all([
    once(child, "close") as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "ENOENT"
      ? new Error(`${command} is not installed: apt-get install ${packages[command] ?? command}`, { cause })
      : cause;
  });
  if (!accept.includes(code ?? -1))
    throw new Error(`${[command, ...args].join(" ")}: ${errors.trim() || `exit code ${code}`}`);
  return output;
}
