/** Machines as containers of the Docker Engine. */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Instance, Machines, Template } from "../types.ts";
import { ensureNetwork } from "./bridge.ts";
import { readConsole } from "./console.ts";
import { containerOf, type Context } from "./context.ts";
import { createMachine, resetMachine } from "./create.ts";
import { deleteTemplate, destroyMachine, removeEverything } from "./destroy.ts";
import { openEngine, type Engine } from "./engine.ts";
import { watchEvents } from "./events.ts";
import { Follower } from "./follow.ts";
import { freeze, unfreeze } from "./freeze.ts";
import { announceUpdate } from "./guest.ts";
import { hostCapabilitiesToDrop, raiseSysctls, restoreSysctls } from "./host.ts";
import { cutPower, shutDown } from "./power.ts";
import { createQueues } from "./queues.ts";
import { plugMachine, startMachine } from "./start.ts";
import { importTemplate } from "./template.ts";

export interface MachinesOptions {
  /** The zone's state directory. */
  readonly state: string;
  /** Name of the engine's network; its bridge has this name with a 0 appended. */
  readonly network: string;
  /** CIDR of the network. */
  readonly subnet: string;
  /** The host's address in it: router, resolver and metadata service of the machines. */
  readonly gateway: string;
  /** Path of a certificate authority (PEM) to trust when templates are downloaded, in addition to the public ones. */
  readonly ca?: string;
  /** Seconds until the power of a guest that shuts down is cut: as long as a node may take to drain. @default 1800 */
  readonly shutdownSeconds?: number;
  /** Seconds without an answer of its PID 1 after which a guest that shuts down counts as hung. @default 90 */
  readonly hungSeconds?: number;
  readonly log: (line: string) => void;
}

/** Labels everything in the engine that belongs to the zone with this state directory. */
export const zoneId = (state: string): string => createHash("sha256").update(resolve(state)).digest("hex").slice(0, 12);

type OnChange = (instanceId: string, state: "running" | "stopped") => void;

/**
 * The zone's machines on the Docker Engine of this host. Nothing about them is kept outside the engine: containers,
 * volumes, images and the network are labelled with the zone's id, which derives from the state directory's path.
 *
 * Call `open()` first. It also reports guests that powered themselves off in the meantime to callbacks that were given
 * to `onChange` before, and starts guests that asked for a reboot. A `stop` or `reboot` that waits for its guest cuts the
 * power when the next `stop`, `kill`, `reset` or `destroy` comes; it never settles if `close` comes.
 */
export const createMachines = (options: MachinesOptions): Machines => new DockerMachines(options);

class DockerMachines implements Machines {
  readonly #options: MachinesOptions;
  readonly #state: string;
  readonly #zone: string;
  readonly #callbacks: OnChange[] = [];
  readonly #closing = new AbortController();
  readonly #queues = createQueues();
  readonly #follower: Follower;
  /** The most recent value of each instance: its private interfaces have to be plugged in again after a guest's reboot. */
  readonly #newest = new Map<string, Instance>();
  #engine: Engine | undefined;
  #context: Context | undefined;

  constructor(options: MachinesOptions) {
    this.#options = options;
    this.#state = resolve(options.state);
    this.#zone = zoneId(options.state);
    this.#follower = new Follower({
      context: () => this.#opened(),
      queues: this.#queues,
      log: options.log,
      onRestart: async (id) => {
        const instance = this.#newest.get(id);
        if (instance) await this.#plug(instance).catch((error: Error) => this.#logFor(id, error));
      },
      onStop: (id) => this.#callbacks.forEach((callback) => callback(id, "stopped")),
    });
  }

  async open(): Promise<void> {
    const { network, subnet, gateway, log } = this.#options;
    if (process.getuid?.() !== 0) throw new Error("machines need root: run the zone as root");
    await mkdir(this.#state, { recursive: true, mode: 0o700 });
    const engine = (this.#engine = await openEngine(this.#state, this.#zone, log));
    await raiseSysctls(this.#zone, log);
    await ensureNetwork(engine.docker, this.#zone, network, subnet, gateway);
    const settings = {
      zone: this.#zone,
      network,
      gateway,
      dropCapabilities: await hostCapabilitiesToDrop(),
      limitMemory: ((await engine.docker.info()) as { MemoryLimit?: boolean }).MemoryLimit === true,
      firmware: await readFile(new URL("firmware.sh", import.meta.url), "utf8"),
    };
    this.#context = { docker: engine.docker, settings };
    if (settings.dropCapabilities.includes("SYS_BOOT")) {
      log("host: without CAP_SYS_BOOT a guest's own reboot looks like its power-off; it stays off");
    }
    await this.#follow(engine);
  }

  /** Follows the engine's events until the machines are closed; resolves once all machines have been checked. */
  async #follow({ docker, revive }: Engine): Promise<void> {
    const { log } = this.#options;
    const { promise: checked, resolve, reject } = Promise.withResolvers<void>();
    const watching = watchEvents(docker, this.#zone, this.#closing.signal, {
      onDeath: (id) =>
        void this.#queues.add(id, () => this.#follower.check(id)).catch((error: Error) => this.#logFor(id, error)),
      onResume: () =>
        void this.#follower.checkAll().then(resolve, (error: Error) => {
          log(`engine: ${error.message}`);
          reject(error);
        }),
      revive,
      log,
    });
    // It ends only when the machines are closed, be it while they open.
    void watching.then(resolve, reject);
    await checked;
  }

  #opened(): Context {
    if (!this.#context) throw new Error("the machines are not open: the zone is starting or going");
    return this.#context;
  }

  #logFor(id: string, error: Error): void {
    this.#options.log(`instance ${id}: ${error.message}`);
  }

  importTemplate(template: Template, url: string, md5: string): Promise<number> {
    return this.#answer((context) => importTemplate(context, template, url, md5, this.#options.ca));
  }

  deleteTemplate(template: Template): Promise<void> {
    return this.#answer((context) => deleteTemplate(context, template));
  }

  create(instance: Instance, template: Template): Promise<void> {
    return this.#inQueue(instance, (context) => createMachine(context, instance, template));
  }

  start(instance: Instance): Promise<void> {
    return this.#inQueue(instance, () => this.#start(instance));
  }

  stop({ id }: Instance): Promise<void> {
    return this.#urgently(id, async () => {
      this.#follower.known.set(id, "off");
      await this.#turnOff(id, "poweroff");
    });
  }

  reboot(instance: Instance): Promise<void> {
    const { id } = instance;
    return this.#inQueue(instance, async () => {
      const restart = await this.#turnOff(id, "reboot");
      if (!restart) throw new Error(`instance ${id}: its power was cut while it went down to reboot`);
      await this.#start(instance);
    });
  }

  reset(instance: Instance, template: Template): Promise<void> {
    return this.#urgently(instance.id, async (context) => {
      await resetMachine(context, instance, template);
      this.#forget(instance.id);
    });
  }

  destroy({ id }: Instance): Promise<void> {
    return this.#urgently(id, async (context) => {
      this.#forget(id);
      await destroyMachine(context, id);
    });
  }

  plug(instance: Instance): Promise<void> {
    return this.#inQueue(instance, () => this.#plug(instance));
  }

  kill({ id }: Instance): Promise<void> {
    return this.#urgently(id, async (context) => {
      await cutPower(containerOf(context, id));
      await this.#follower.check(id);
    });
  }

  // Not in the queue: a machine may hang whatever the zone is waiting for.
  pause({ id }: Instance): Promise<void> {
    return this.#answer((context) => freeze(context, id));
  }

  resume({ id }: Instance): Promise<void> {
    return this.#answer((context) => unfreeze(context, id));
  }

  announceUpdate({ id }: Instance, version: string): Promise<void> {
    return this.#answer((context) => announceUpdate(context, id, version));
  }

  consoleLog({ id }: Instance): Promise<string> {
    return this.#answer((context) => readConsole(context, id));
  }

  onChange(callback: OnChange): void {
    this.#callbacks.push(callback);
  }

  async close({ remove = false }: { remove?: boolean } = {}): Promise<void> {
    if (remove) this.#queues.interruptAll();
    else this.#closing.abort(new Error("the zone ends; the guest shuts down without being watched"));
    await this.#queues.idle();
    this.#closing.abort();
    if (remove) await this.#removeAll();
    this.#engine = this.#context = undefined;
  }

  async #removeAll(): Promise<void> {
    const { network, log } = this.#options;
    this.#engine ??= await openEngine(this.#state, this.#zone, log);
    await removeEverything(this.#engine.docker, this.#zone, network);
    await this.#engine.remove();
    await restoreSysctls(this.#zone, log);
  }

  async #start(instance: Instance): Promise<void> {
    const started = await startMachine(this.#opened(), instance);
    if (!started) return;
    this.#follower.known.set(instance.id, "running");
    await this.#plug(instance);
  }

  async #plug(instance: Instance): Promise<void> {
    this.#newest.set(instance.id, instance);
    await plugMachine(this.#opened(), instance);
  }

  /** @returns false if its power was cut because of a later call, so that it has to stay off */
  #turnOff(id: string, verb: "poweroff" | "reboot"): Promise<boolean> {
    const { shutdownSeconds = 1800, hungSeconds = 90 } = this.#options;
    return this.#queues.interruptible(id, async (interrupted) => {
      const options = { shutdownSeconds, hungSeconds, interrupted, abandoned: this.#closing.signal };
      const cut = await shutDown(containerOf(this.#opened(), id), verb, options);
      if (cut !== undefined) this.#options.log(`instance ${id}: its power was cut, since ${cut}`);
      return !interrupted.aborted;
    });
  }

  #forget(id: string): void {
    this.#follower.known.delete(id);
    this.#newest.delete(id);
  }

  #inQueue<T>({ id }: Instance, task: (context: Context) => Promise<T>): Promise<T> {
    return this.#answer(() => this.#queues.add(id, async () => task(this.#opened())));
  }

  /** In the queue, and without waiting for guests that earlier calls wait for. */
  #urgently<T>(id: string, task: (context: Context) => Promise<T>): Promise<T> {
    return this.#answer(() => this.#queues.addUrgent(id, async () => task(this.#opened())));
  }

  /** Never settles for a guest that `close` has abandoned, and explains errors while the engine is away. */
  async #answer<T>(call: (context: Context) => Promise<T>): Promise<T> {
    try {
      return await call(this.#opened());
    } catch (error) {
      if (error === this.#closing.signal.reason) return new Promise<never>(() => {});
      const { syscall, code } = error as NodeJS.ErrnoException;
      if (this.#engine && syscall === "connect") throw new Error(`${this.#engine.away} (${code})`, { cause: error });
      throw error;
    }
  }
}
