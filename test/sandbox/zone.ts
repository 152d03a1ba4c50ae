import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

import { execa, execaSync } from "execa";

import { root } from "../../toolchain/paths.ts";
import { lastLines } from "../../toolchain/processes.ts";
import { askDaemon, type ZoneStatus } from "../../zone/admin-client.ts";
import type { Fault } from "../../zone/api/faults.ts";
import { loadCredentials } from "../../zone/credentials.ts";
import { clientOf, type Client } from "../../zone/testing/client.ts";

const command = join(root, "zone", "cli", "main.ts");

/** @param file gets the log appended */
function startDaemon(flags: readonly string[], file: string) {
  const log = { file, append: true };
  return execa(process.execPath, [command, "run", ...flags], {
    cwd: "/",
    stdin: "ignore",
    stdout: log,
    stderr: log,
    buffer: false,
    reject: false,
  });
}

/** The local zone's daemon, on a state of its own. */
export class Zone {
  readonly #state: string;
  readonly #log: string;
  readonly #flags: readonly string[];
  #daemon: ReturnType<typeof startDaemon> | undefined;
  /** Chosen by the system at the first start and kept, because the stack's settings contain it. */
  #port = 0;

  /** @param state Its directory. @param log File that its log is added to. @param flags Of `bin/zone run`. */
  constructor(state: string, log: string, flags: readonly string[]) {
    this.#state = state;
    this.#log = log;
    this.#flags = flags;
  }

  /** Starts the daemon, resolves once it answers. */
  async start(): Promise<void> {
    const flags = [`--state=${this.#state}`, `--listen=127.0.0.1:${this.#port}`, ...this.#flags];
    const daemon = startDaemon(flags, this.#log);
    this.#daemon = daemon;
    for (;;) {
      const status = await this.ask<ZoneStatus>("GET", "/status").catch(() => undefined);
      if (status) {
        this.#port = Number(new URL(status.url).port);
        return;
      }
      if (daemon.exitCode !== null) {
        await daemon;
        throw new Error(`the zone did not start:\n${lastLines(readFileSync(this.#log, "utf8"), 5)}`);
      }
      await sleep(20);
    }
  }

  /** Ends the daemon; its state stays. */
  async end(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (!daemon || daemon.exitCode !== null) return;
    daemon.kill("SIGTERM");
    await daemon;
  }

  /** Ends it without notice, as a power cut does. */
  kill(): void {
    this.#daemon?.kill("SIGKILL");
    this.#daemon = undefined;
  }

  /** Removes it with all its machines; waits for that. */
  remove(): void {
    // First, because nothing notices its end while this process waits for `down`.
    this.kill();
    const { exitCode, all } = execaSync(process.execPath, [command, "down", `--state=${this.#state}`], {
      all: true,
      reject: false,
    });
    if (exitCode !== 0)
      throw new Error(`the zone cannot be removed: ${all}\nTo try again: bin/zone down --state ${this.#state}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v2`;
  }

  /** A client for changes by hand: no retries, and errors as the API words them. */
  get api(): Client {
    return clientOf({ url: this.url, ...loadCredentials(this.#state) }, 50);
  }

  /** Calls to the API since the daemon started. */
  async calls(): Promise<number> {
    return (await this.ask<ZoneStatus>("GET", "/status"))!.apiCalls;
  }

  async addFaults(faults: readonly Fault[]): Promise<void> {
    for (const fault of faults) await this.ask("POST", "/faults", fault);
  }

  async clearFaults(): Promise<void> {
    await this.ask("DELETE", "/faults");
  }

  /** Lets operations that hang continue. */
  async mend(): Promise<void> {
    await this.end();
    const database = new DatabaseSync(join(this.#state, "zone.db"));
    database.exec("UPDATE record SET value = json_remove(value, '$.stuck') WHERE kind = 'operations'");
    database.close();
    await this.start();
  }

  /** Waits until no operation runs but those that hang. */
  async settle(): Promise<void> {
    for (let before = -1; ;) {
      const { pendingOperations } = (await this.ask<ZoneStatus>("GET", "/status"))!;
      if (pendingOperations === 0 || pendingOperations === before) return;
      before = pendingOperations;
      await sleep(200);
    }
  }

  /** Asks the daemon what its command line does: see `zone/admin.ts`. */
  ask<T>(method: string, path: string, body?: object): Promise<T | undefined> {
    return askDaemon<T>(join(this.#state, "admin.sock"), method, path, body);
  }
}
