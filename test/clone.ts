/** A copy of the repository and a shell, for tests that type commands on a machine that has nothing but these. */
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";

import { execa } from "execa";

import { root } from "../toolchain/paths.ts";

export interface Result {
  readonly code: number | undefined;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Copies the repository without what git ignores. */
export function clone(directory: string): void {
  const left = new Set(["node_modules", ".local", ".git", "test-results"]);
  cpSync(root, directory, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
}

/** A user's shell. @param home the home directory, where the Pulumi CLI finds its plugins */
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
    // A CLI of the user's own downloads its plugins.
    ...(existsSync(join(bin, "pulumi")) && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    // How npm reaches its packages, and where it caches them.
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) =>
        /^(npm_config_.*|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
      ),
    ),
    npm_config_userconfig: join(process.env.HOME ?? "/root", ".npmrc"),
    npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? "/root", ".npm"),
  };

  /** Runs a script to its end. @param flags bash's, before `-c` */
  return async (
    directory: string,
    script: string,
    env: Readonly<Record<string, string>>,
    flags: readonly string[] = ["-e"],
  ): Promise<Result> => {
    const { exitCode, all } = await execa("bash", [...flags, "-c", script], {
      cwd: directory,
      env: { ...machine, ...env },
      extendEnv: false,
      stdin: "ignore",
      all: true,
      stripFinalNewline: false,
      reject: false,
    });
    return { code: exitCode, output: all };
  };
}

/** The code blocks of a page in one language; `""` selects those that name none. */
export function blocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, named]) => named === language)
    .map(([, , block]) => block!);
}
