/** Runs a zone's network in a separate process, on the host or in a namespace that is used as the host. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Network, Inventory } from "../../types.ts";
import { createNetwork, type NetworkOptions } from "../index.ts";

type Step = "prepare" | "open" | "apply" | "release" | "close";
type Message =
  | { readonly options: Omit<NetworkOptions, "log" | "inventory"> }
  | { readonly step: Step; readonly inventory: Inventory };

export class ZoneProcess {
  readonly log: string[] = [];
  readonly #child: ChildProcess;

  constructor(options: Omit<NetworkOptions, "log" | "inventory">, namespace?: string) {
    const command = [process.execPath, fileURLToPath(import.meta.url)];
    const [file, ...args] = namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
    this.#child = spawn(file!, args, { stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
    this.#child.on("message", (message: { line?: string }) => {
      if (message.line !== undefined) this.log.push(message.line);
    });
    this.#send({ options });
  }

  /** @throws Error with the message of the step's error */
  async do(step: Step, inventory: Inventory): Promise<void> {
    const done = new Promise<{ error?: string }>((resolve) => {
      const listen = (message: { done?: true; error?: string }): void => {
        if (message.done !== true) return;
        this.#child.off("message", listen);
        resolve(message);
      };
      this.#child.on("message", listen);
    });
    this.#send({ step, inventory });
    const { error } = await done;
    if (error !== undefined) throw new Error(error);
  }

  #send(message: Message): void {
    this.#child.send(message);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

/** Runs in the separate process. */
function serve(): void {
  const say = (message: object): void => void process.send!(message);
  let network: Network;
  const inventory = {} as Inventory;
  process.on("message", (message: Message) => {
    if ("options" in message) {
      network = createNetwork({ ...message.options, inventory, log: (line) => say({ line }) });
      return;
    }
    Object.assign(inventory, message.inventory);
    network[message.step]().then(
      () => say({ done: true }),
      (error: Error) => say({ done: true, error: error.message }),
    );
  });
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve();
