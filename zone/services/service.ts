import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { start, type RunningProgram } from "../command.ts";
import { requireFree, type Listening } from "./listening.ts";
import { endLeftover, lastLines, STOP_TIMEOUT, writePidFile } from "./process.ts";

export interface ServiceOptions {
  /** For messages, e.g. `dns`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Network namespace to run in, by default the host's. */
  readonly namespace?: string;
  /** Identifies the process, so that it can be ended after a crash of the zone. */
  readonly pidFile: string;
  /** Receives its output; emptied at each start of the zone. */
  readonly logFile: string;
  /** Called with the process's id again and again until it resolves to true: the service answers. */
  readonly ready: (pid: number) => Promise<boolean>;
  /** Where it is going to listen: the start fails if another process does, and the message names that process. */
  readonly listens?: Listening;
  readonly log: (line: string) => void;
}

const RESTART_DELAY = 1000;
const START_TIMEOUT = 10_000;

/** A program that the zone keeps running: it is started again whenever it ends. */
export class Service {
  readonly #options: ServiceOptions;
  #program: RunningProgram | undefined;
  #stopping = false;
  #restarting = false;
  #loop: Promise<void> | undefined;

  private constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /**
   * Ends the process that an earlier daemon left behind, and starts a new one.
   *
   * @throws Error with the last line of its log if it does not come up
   */
  static async start(options: ServiceOptions): Promise<Service> {
    await endLeftover(options.pidFile);
    if (options.listens !== undefined) await requireFree(options.listens);
    await rm(options.logFile, { force: true });
    const service = new Service(options);
    const first = await service.#start();
    service.#loop = service.#keep(first);
    const deadline = Date.now() + START_TIMEOUT;
    try {
      while (!(await options.ready(first.pid))) {
        const ended = service.#program !== first;
        if (ended || Date.now() > deadline) {
          throw new Error(
            `${options.name}: ${options.command} ${ended ? "ended" : "does not answer"}: ${await service.#lastLine()}`,
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
    this.#program?.kill(signal);
  }

  /** Ends the process, and resolves once a new one answers, which reads its files anew. */
  async restart(): Promise<void> {
    const before = this.#program;
    if (before === undefined) return; // the next one is about to start
    this.#restarting = true;
    before.kill("SIGTERM");
    await before.ended;
    const { name, ready, log } = this.#options;
    for (const deadline = Date.now() + START_TIMEOUT; !this.#stopping; await sleep(20)) {
      if (this.#program !== undefined && this.#program !== before && (await ready(this.#program.pid))) return;
      if (Date.now() > deadline) return log(`${name}: it does not answer after a restart: ${await this.#lastLine()}`);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#program?.kill("SIGTERM");
    await this.#loop;
    await rm(this.#options.pidFile, { force: true });
  }

  async #start(): Promise<RunningProgram> {
    const { command, args, namespace, pidFile, logFile } = this.#options;
    // `ip netns exec` becomes the command: the process stays the same.
    const [file, ...rest] =
      namespace === undefined ? [command, ...args] : ["ip", "netns", "exec", namespace, command, ...args];
    const program = await start(file, rest, { logFile, forceKillAfterDelay: STOP_TIMEOUT });
    this.#program = program;
    await writePidFile(pidFile, program.pid).catch(async (cause: unknown) => {
      // Without its pid file the process could not be found after a crash.
      program.kill("SIGKILL");
      await program.ended;
      throw cause;
    });
    if (this.#stopping) program.kill("SIGTERM");
    return program;
  }

  async #lastLine(): Promise<string> {
    const { logFile } = this.#options;
    return `${(await lastLines(logFile, 1)) || "its log is empty"} (${logFile})`;
  }

  async #keep(first: RunningProgram): Promise<void> {
    const { name, command, log } = this.#options;
    for (let program: RunningProgram | undefined = first; ;) {
      await program?.ended;
      this.#program = undefined;
      if (this.#stopping) return;
      if (!this.#restarting) {
        log(`${name}: ${command} ended, starting it again; the last line of its log: ${await this.#lastLine()}`);
        await sleep(RESTART_DELAY);
        if (this.#stopping) return;
      }
      this.#restarting = false;
      program = await this.#start().catch((error: unknown) => void log(`${name}: ${String(error)}`));
    }
  }
}
