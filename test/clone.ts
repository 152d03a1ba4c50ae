/** For tests that type commands as somebody whose machine has this checkout's programs and nothing else of its own. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";

export const root = join(import.meta.dirname, "..");

export interface Result {
  readonly code: number | null;
  /** All that was printed, errors too. */
  readonly output: string;
}

/** Copies the repository, as a clone would have it. */
export function clone(directory: string): void {
  const left = new Set(["node_modules", ".local", ".git", "test-results"]);
  cpSync(root, directory, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
}

/** A user's shell. @param home His home, where the Pulumi CLI finds its plugins. */
export function shell(home: string) {
  const bin = join(root, ".local", "bin");
  const plugins = join(home, "pulumi", "plugins");
  mkdirSync(plugins, { recursive: true });
  cpSync(join(root, ".local", "pulumi", "plugins"), plugins, { recursive: true, verbatimSymlinks: true });
  const machine = {
    PATH: `${join(root, "node_modules", ".bin")}:${bin}:${process.env.PATH}`,
    HOME: home,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // A CLI of the user's own fetches its plugins.
    ...(existsSync(join(bin, "pulumi")) && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    // How npm gets to its packages, and where it keeps them.
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) =>
        /^(npm_config_.*|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
      ),
    ),
    npm_config_userconfig: join(process.env.HOME ?? "/root", ".npmrc"),
    npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? "/root", ".npm"),
  };

  /** Runs a script to its end. @param flags bash's, before `-c` */
  return (
    directory: string,
    script: string,
    env: Readonly<Record<string, string>>,
    flags: readonly string[] = ["-e"],
  ): Promise<Result> =>
    new Promise((resolve, reject) => {
      const child = spawn("bash", [...flags, "-c", script], {
        cwd: directory,
        env: { ...machine, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
}

/** What a page sets as code in one language, block by block; "" are those that name none. */
export function blocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, named]) => named === language)
    .map(([, , block]) => block!);
}
