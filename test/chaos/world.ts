import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeCheckout } from "./checkout.ts";
import { Stack, stackName } from "./stack.ts";
import { Zone } from "./zone.ts";

/** Where a world can begin: before anything was made, and with a master and two workers. */
export type Beginning = "nothing" | "cluster";

export const up = ["up", "--yes", "--skip-preview", "--non-interactive"] as const;
export const destroy = ["destroy", "--yes", "--skip-preview", "--non-interactive"] as const;

/** What every world's settings are at its beginning. */
const settings = {
  zone: "local-1",
  template: { url: "https://images.example/flatcar.qcow2", checksum: "0123456789abcdef0123456789abcdef" },
  masters: 1,
  desiredWorkers: 2,
  waitFor: "instances",
  sshSources: ["192.0.2.0/24"],
  apiSources: ["198.51.100.0/24"],
};

/** Worlds that are open: nothing of them outlives this process. */
const open = new Set<World>();
process.once("exit", () => {
  for (const world of open) world.abandon();
});

/** What a beginning consists of, below the checkout. */
const parts = [`Pulumi.${stackName}.yaml`, ".local/state", ".local/zone"];

/** A zone's daemon and a stack in a checkout of its own. */
export class World {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "chaos-")));
  readonly stack = new Stack(this.#path("main"), this.#path("commands.log"));
  readonly zone = new Zone(this.#path("main/.local/zone"), this.#path("zone.log"));

  static async open(): Promise<World> {
    const world = new World();
    open.add(world);
    makeCheckout(world.#path("main"));
    await world.zone.start();
    world.stack.configure({ ...settings, apiEndpoint: world.zone.url });
    await world.stack.must(["stack", "init", stackName]);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.zone.end();
    this.abandon();
  }

  /** Ends and removes all there is, without waiting. */
  abandon(): void {
    open.delete(this);
    this.zone.kill();
    this.stack.sweep();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
