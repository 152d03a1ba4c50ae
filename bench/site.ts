/** A local zone with machines and a stack, shared by all parts of one run. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { loadSettings, type Settings } from "../config/index.ts";
import { root } from "../toolchain/paths.ts";
import { Sandbox } from "../test/sandbox/sandbox.ts";
import { files } from "../versions.ts";
import { kubeadmAddress } from "./kubeadm/machines.ts";

export interface SiteOptions {
  readonly say: (line: string) => void;
  /** Whether idle nodes are measured, which takes almost two minutes per cluster. */
  readonly isIdleMeasured: boolean;
}

/** The stack's name. */
const NAME = "bench";

/** Nodes may go down for updates at any time. */
const always = { start: "00:00", length: "24h" };

export class Site {
  readonly options: SiteOptions;
  #mirror: string | undefined;
  #sandbox: Promise<Sandbox> | undefined;
  readonly #forget = () => {
    if (this.#mirror !== undefined) rmSync(this.#mirror, { recursive: true, force: true });
  };

  constructor(options: SiteOptions) {
    this.options = options;
    process.once("exit", this.#forget);
  }

  /** A zone with machines, and a stack with the settings of `npm run up`. */
  sandbox(): Promise<Sandbox> {
    return (this.#sandbox ??= (async () => {
      this.options.say("  starting a local zone");
      const mirror = (this.#mirror = mkdtempSync(join(tmpdir(), "bench-mirror-")));
      fillMirror(mirror);
      const flags = ["--machines=docker", `--mirror=${mirror}`, `--template=${join(root, ".local/template")}`];
      const sandbox = await Sandbox.open(NAME, flags, {
        ...committed(),
        masterRebootWindow: always,
        workerRebootWindow: always,
      });
      await readAll(join(root, ".local/template"), mirror);
      return sandbox;
    })());
  }

  /** The stack's settings as the program reads them. */
  async settings(): Promise<Settings> {
    const { checkout } = await this.sandbox();
    // As Pulumi hands settings to a program.
    const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
    return loadSettings(settingsIn(join(checkout, `Pulumi.${NAME}.yaml`), text), NAME, checkout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sandbox = await this.#sandbox?.catch(() => undefined);
    if (sandbox) {
      this.options.say("removing the local zone");
      await sandbox[Symbol.asyncDispose]();
    }
    this.#forget();
    process.off("exit", this.#forget);
  }
}

/** Links the mirror's files and images into a directory, and adds kubeadm next to kubelet. */
function fillMirror(directory: string): void {
  const whole = join(root, ".local/mirror");
  const link = (from: string, to: string) => {
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(from, to);
  };
  for (const { address } of Object.values(files))
    link(join(whole, "files", address), join(directory, "files", address));
  const kubeadm = join(root, ".local/bin/kubeadm");
  if (existsSync(kubeadm)) link(kubeadm, join(directory, "files", kubeadmAddress));
  link(join(whole, "registry"), join(directory, "registry"));
}

/** The committed settings of the local zone's stack, without the API's address. */
function committed(): Record<string, unknown> {
  const { apiEndpoint: _, ...settings } = settingsIn(join(root, "Pulumi.dev.yaml"), (value) => value);
  return settings;
}

function settingsIn<T>(file: string, as: (value: unknown) => T): Record<string, T> {
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name.slice(name.indexOf(":") + 1), as(value)]),
  );
}

/** Reads every file once to fill the page cache, so that the first cluster does not wait for the disk. */
async function readAll(...directories: string[]): Promise<void> {
  await execa("find", ["-L", ...directories, "-type", "f", "-exec", "cat", "{}", "+"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}
