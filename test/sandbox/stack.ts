import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { execa } from "execa";
import { parse, stringify } from "yaml";

import { exitCodeOf, lastLines, processesIn, signal, type Process } from "../../toolchain/processes.ts";

/** A command that has ended. */
export interface Ran {
  /** Exit code; a signal's is 128 more than its number. */
  readonly code: number;
  readonly output: string;
  /** Milliseconds. */
  readonly took: number;
}

/** A command that runs. */
export interface Running {
  readonly pid: number;
  readonly done: Promise<Ran>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the command counts as hanging and is killed. @default 600000 */
  readonly limit?: number;
  /** Called with every line as it is printed. */
  readonly onLine?: (line: string) => void;
}

/** The part of a resource in the state that is read here. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly delete?: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read any property of any type of resource
  readonly inputs?: Readonly<Record<string, any>>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly outputs?: Readonly<Record<string, any>>;
}

/** A stack in a checkout of its own, with that checkout's `bin/pulumi`. */
export class Stack {
  readonly name: string;
  readonly #directory: string;
  readonly #log: string;

  /** @param directory The checkout. @param log File that every command and what it prints is added to. */
  constructor(name: string, directory: string, log: string) {
    this.name = name;
    this.#directory = directory;
    this.#log = log;
  }

  /** Sets some of the stack's settings. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    const file = join(this.#directory, `Pulumi.${this.name}.yaml`);
    const before = existsSync(file) ? (parse(readFileSync(file, "utf8")) as { config?: object }) : {};
    const named = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`kubernetes:${name}`, value]));
    writeFileSync(file, stringify({ ...before, config: { ...before.config, ...named } }));
  }

  /** Starts `bin/pulumi` with these arguments as the leader of a session of its own, as a terminal does. */
  start(args: readonly string[], { env = {}, limit = 600_000, onLine = () => {} }: RunOptions = {}): Running {
    const started = performance.now();
    const log = (text: string) => appendFileSync(this.#log, text);
    log(`\n${new Date().toISOString()} $ bin/pulumi ${args.join(" ")} ${JSON.stringify(env)}\n`);
    const child = execa(join(this.#directory, "bin", "pulumi"), args, {
      cwd: this.#directory,
      env: { ...clean(process.env), PULUMI_STACK: this.name, CI: "true", ...env },
      extendEnv: false,
      stdin: "ignore",
      all: true,
      stripFinalNewline: false,
      detached: true,
      timeout: limit,
      killSignal: "SIGKILL",
      reject: false,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => log(text.toString()));
      createInterface({ input: stream }).on("line", onLine);
    }
    // execa waits until the output is closed, and what outlives the CLI holds it open.
    child.once("exit", () => setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream.destroy()), 50));
    const done = child.then((ended): Ran => {
      const code = exitCodeOf(ended);
      if (code === undefined) throw new Error(`bin/pulumi cannot be started: ${ended.originalMessage}`);
      if (ended.timedOut)
        throw new Error(`bin/pulumi ${args.join(" ")} hangs: it did not end within ${limit / 1000} s`);
      const took = performance.now() - started;
      log(`(exit ${code}, ${Math.round(took)} ms)\n`);
      return { code, output: ended.all, took };
    });
    return { pid: child.pid!, done };
  }

  run(args: readonly string[], options?: RunOptions): Promise<Ran> {
    return this.start(args, options).done;
  }

  /** @throws Error with the end of what was printed when the command fails. */
  async must(args: readonly string[], options?: RunOptions): Promise<string> {
    const { code, output } = await this.run(args, options);
    if (code === 0) return output;
    throw new Error(`bin/pulumi ${args.join(" ")} ended with ${code}:\n${lastLines(output, 25)}`);
  }

  /** What the state holds; nothing before the first run. */
  resources(): Resource[] {
    return this.#latest()?.resources ?? [];
  }

  /** Whether a killed run left operations of unknown outcome. */
  hasPending(): boolean {
    return (this.#latest()?.pending_operations?.length ?? 0) > 0;
  }

  /** Whether a run, or one that was killed, has locked the stack. */
  isLocked(): boolean {
    const locks = join(this.#directory, ".local/state/.pulumi/locks/organization/kubernetes", this.name);
    return existsSync(locks) && readdirSync(locks).some((file) => file.endsWith(".json"));
  }

  /** The file that holds the state. */
  get file(): string {
    return join(this.#directory, ".local/state/.pulumi/stacks/kubernetes", `${this.name}.json`);
  }

  #latest(): { resources?: Resource[]; pending_operations?: object[] } | undefined {
    if (!existsSync(this.file)) return undefined;
    return JSON.parse(readFileSync(this.file, "utf8")).checkpoint.latest;
  }

  /** The CLI and all that it started. */
  processes(): Process[] {
    return processesIn(this.#directory);
  }

  /** Ends what runs have left. */
  sweep(): void {
    for (const { pid } of this.processes()) signal(pid, "SIGKILL");
  }
}

/** The environment without variables that `bin/pulumi` would use. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(PULUMI|EXOSCALE|VITEST|NODE_OPTIONS)/.test(name)),
  );
}
