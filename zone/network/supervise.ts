import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { requireFree, type Listening } from "./listening.ts";
import { endLeftover, STOP_TIMEOUT, writePidFile } from "./process.ts";

export interface ServiceOptions {
  /** For messages, e.g. `dns`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Network namespace that it runs in; the host's own without it. */
  readonly namespace?: string;
  /** Remembers the process, so that it can be ended after a crash of the zone. */
  readonly pidFile: string;
  /** Where its output goes; begun anew with each start of the zone. */
  readonly logFile: string;
  /** What to install when the command is missing. */
  readonly package: string;
  /** Resolves when the service answers; called again and again until it does, with the process's id. */
  readonly ready: (pid: number) => Promise<boolean>;
  /** What it will listen at: a start where somebody else does fails with that one's name. */
  readonly listens?: Listening;
  readonly log: (line: string) => void;
}

const RESTART_DELAY = 1000;
const START_TIMEOUT = 10_000;

/** A process that the zone keeps running: when it ends it is started again. */
export class Service {
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #loop: Promise<void> | undefined;

  private constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /**
   * Ends what an earlier daemon left behind and starts anew.
   *
   * @throws Error with the process's own last words when it does not come up
   */
  static async start(options: ServiceOptions): Promise<Service> {
    await endLeftover(options.pidFile);
    if (options.listens !== undefined) await requireFree(options.listens);
    await rm(options.logFile, { force: true });
    const service = new Service(options);
    const first = await service.#spawn();
    service.#loop = service.#keep(first.exit);
    const deadline = Date.now() + START_TIMEOUT;
    try {
      while (!(await options.ready(first.child.pid!))) {
        const ended = service.#child !== first.child;
        if (ended || Date.now() > deadline) {
          throw new Error(
            `${options.name}: ${options.command} ${ended ? "ended" : "does not answer"}: ${await service.#lastWords()}`,
          );
        }
        await sleep(50);
      }
      return service;
    } catch (error) {
      await service.stop();
      throw error;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child?.kill("SIGTERM");
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_TIMEOUT);
    await this.#loop;
    clearTimeout(timer);
    await rm(this.#options.pidFile, { force: true });
  }

  async #spawn(): Promise<{ child: ChildProcess; exit: Promise<unknown> }> {
    const { command, args, namespace, pidFile, logFile } = this.#options;
    // ip becomes the command: the process is the same.
    const [file, ...rest] =
      namespace === undefined ? [command, ...args] : ["ip", "netns", "exec", namespace, command, ...args];
    // A file, not a pipe: the process outlives a crash of the zone, and would die of writing to nobody.
    const output = await open(logFile, "a", 0o600);
    const child = spawn(file, rest, { stdio: ["ignore", output.fd, output.fd] });
    const exit = once(child, "exit").catch(() => {});
    await once(child, "spawn")
      .finally(() => output.close())
      .catch((cause: NodeJS.ErrnoException) => {
        throw cause.code === "ENOENT"
          ? new Error(`${command} is not installed: apt-get install ${this.#options.package}`, { cause })
          : cause;
      });
    this.#child = child;
    await writePidFile(pidFile, child.pid!).catch(async (cause: unknown) => {
      // A process that nobody would find again must not run.
      child.kill("SIGKILL");
      await exit;
      throw cause;
    });
    if (this.#stopping) child.kill("SIGTERM");
    return { child, exit };
  }

  async #lastWords(): Promise<string> {
    const lines = (await readFile(this.#options.logFile, "utf8").catch(() => "")).trim().split("\n");
    return `${lines.at(-1) || "it said nothing"} (${this.#options.logFile})`;
  }

  async #keep(exit: Promise<unknown>): Promise<void> {
    const { name, command, log } = this.#options;
    for (let running: Promise<unknown> = exit; ;) {
      await running;
      this.#child = undefined;
      if (this.#stopping) return;
      log(`${name}: ${command} ended, starting it again; it said last: ${await this.#lastWords()}`);
      await sleep(RESTART_DELAY);
      if (this.#stopping) return;
      const next = await this.#spawn().catch((error: unknown) => log(`${name}: ${String(error)}`));
      running = next?.exit ?? Promise.resolve();
    }
  }
}
