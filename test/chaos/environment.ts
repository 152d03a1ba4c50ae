import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { instancesOnly, Place, up, withoutMachines } from "../sandbox/place.ts";

/** Where a world can begin: before anything was made, and with a master and two workers. */
export type Beginning = "nothing" | "cluster";

export { destroy, up } from "../sandbox/place.ts";

/** The stack's name. */
const name = "chaos";

/** What every world's settings are at its beginning. */
const settings = { ...instancesOnly, masters: 1, desiredWorkers: 2 };

/** What a beginning consists of, below the checkout. */
const parts = [`Pulumi.${name}.yaml`, ".local/state", ".local/zone"];

/** A place that can begin anew. */
export class World extends Place {
  static override async open(): Promise<World> {
    const world = new World(name, withoutMachines(name));
    await world.init(settings);
    await world.#keep("nothing");
    return world;
  }

  /** Begins anew. */
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

  /** Puts what tells of this world's last life into a directory. */
  keepLogs(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const log of ["commands.log", "zone.log", "main/.local/state"]) {
      if (existsSync(this.#path(log))) cpSync(this.#path(log), join(directory, log), { recursive: true });
    }
  }
}
