import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { instancesOnly, Sandbox, up, withoutMachines } from "../sandbox/sandbox.ts";

/** What a trial starts from: an empty zone, or a master and two workers. */
export type Beginning = "nothing" | "cluster";

export { destroy, up } from "../sandbox/sandbox.ts";

/** The stack's name. */
const name = "chaos";

/** The stack's settings at the start of a trial. */
const settings = { ...instancesOnly, masters: 1, desiredWorkers: 2 };

/** The files that make up a starting point, below the checkout. */
const parts = [`Pulumi.${name}.yaml`, ".local/state", ".local/zone"];

/** A sandbox that can be reset. */
export class ChaosSandbox extends Sandbox {
  static override async open(): Promise<ChaosSandbox> {
    const sandbox = new ChaosSandbox(name, withoutMachines(name));
    await sandbox.init(settings);
    await sandbox.#keep("nothing");
    return sandbox;
  }

  /** Resets the sandbox to a starting point. */
  async begin(at: Beginning): Promise<void> {
    this.stack.sweep();
    await this.zone.end();
    for (const log of ["commands.log", "zone.log"]) rmSync(this.#path(log), { force: true });
    const isKept = existsSync(this.#path(at));
    this.#copy(isKept ? at : "nothing", "main");
    await this.zone.start();
    if (isKept) return;
    await this.stack.must(up);
    await this.#keep(at);
  }

  async #keep(at: Beginning): Promise<void> {
    await this.zone.end();
    this.#copy("main", at);
    await this.zone.start();
  }

  #copy(from: string, to: string): void {
    for (const part of parts) {
      rmSync(this.#path(to, part), { recursive: true, force: true });
      cpSync(this.#path(from, part), this.#path(to, part), { recursive: true });
    }
  }

  #path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** Copies the logs since the last `begin` into a directory. */
  keepLogs(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const log of ["commands.log", "zone.log", "main/.local/state"]) {
      if (existsSync(this.#path(log))) cpSync(this.#path(log), join(directory, log), { recursive: true });
    }
  }
}
