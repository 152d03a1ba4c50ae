import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeCheckout } from "./checkout.ts";
import { Stack } from "./stack.ts";
import { Zone } from "./zone.ts";

/** Sandboxes that are open: they are removed when this process ends. */
const open = new Set<Sandbox>();
process.once("exit", () => {
  for (const sandbox of open) sandbox.abandon();
});

export const up = ["up", "--yes", "--skip-preview", "--non-interactive"] as const;
export const destroy = ["destroy", "--yes", "--skip-preview", "--non-interactive"] as const;

/** Flags of a zone without machines. */
export const withoutMachines = (name: string): readonly string[] => [
  "--machines=none",
  "--network=198.19.0.0/16",
  `--network-name=${name}`,
  "--operation-delay=150",
];

/** The settings of a stack in such a zone. */
export const instancesOnly = {
  zone: "local-1",
  template: { url: "https://images.example/flatcar.qcow2", checksum: "0123456789abcdef0123456789abcdef" },
  waitFor: "instances",
  sshSources: ["192.0.2.0/24"],
  apiSources: ["198.51.100.0/24"],
} as const;

/** A stack in a checkout of its own, and a local zone for it. */
export class Sandbox {
  readonly directory: string;
  /** The checkout. */
  readonly checkout: string;
  readonly stack: Stack;
  readonly zone: Zone;

  /** @param name The stack's. @param flags Of `bin/zone run`. */
  protected constructor(name: string, flags: readonly string[]) {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)));
    this.checkout = join(this.directory, "main");
    this.stack = new Stack(name, this.checkout, join(this.directory, "commands.log"));
    this.zone = new Zone(join(this.checkout, ".local/zone"), join(this.directory, "zone.log"), flags);
    open.add(this);
    makeCheckout(this.checkout);
  }

  /** A zone that runs and a stack of it that holds nothing. @param settings Of the stack, besides the API's address. */
  static async open(
    name: string,
    flags: readonly string[],
    settings: Readonly<Record<string, unknown>>,
  ): Promise<Sandbox> {
    const sandbox = new Sandbox(name, flags);
    try {
      await sandbox.init(settings);
    } catch (error) {
      sandbox.abandon();
      throw error;
    }
    return sandbox;
  }

  protected async init(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.zone.start();
    this.stack.configure({ ...settings, apiEndpoint: this.zone.url });
    await this.stack.must(["stack", "init", this.stack.name]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.zone.end();
    this.abandon();
  }

  /** Ends and removes everything. */
  abandon(): void {
    open.delete(this);
    this.stack.sweep();
    this.zone.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
