/** Machines as containers of the Docker Engine. */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Instance, Machines, Template } from "../types.ts";
import { ensureNetwork, removeNetworks } from "./bridge.ts";
import { containerName, containerOptions, labels, memoryLimit, type Settings } from "./container.ts";
import { openEngine, type Engine } from "./engine.ts";
import { watch } from "./events.ts";
import { hostCapabilitiesToDrop, raiseSysctls } from "./host.ts";
import { cutPower, endedBy, ignoreConflict, ignoreMissing, ignoreUnchanged, shutDown } from "./power.ts";
import { createQueues } from "./queues.ts";
import { imageName, importTemplate } from "./template.ts";

export interface MachinesOptions {
  /** The zone's state directory. */
  readonly state: string;
  /** Name of the engine's network; its bridge is this name with a 0 behind it. */
  readonly network: string;
  /** CIDR of the network. */
  readonly subnet: string;
  /** The host's address in it: router, resolver and metadata service of the machines. */
  readonly gateway: string;
  /** Path of a certificate authority (PEM) that signs the servers templates come from, besides the public ones. */
  readonly ca?: string;
  /** Seconds a guest has to shut down before its power is cut. @default 90 */
  readonly shutdownSeconds?: number;
  readonly log: (line: string) => void;
}

const consoleBytes = 64 * 1024;

/** What the engine's things of the zone with this state directory are marked with. */
export const zoneId = (state: string): string => createHash("sha256").update(resolve(state)).digest("hex").slice(0, 12);

/**
 * The zone's machines on the Docker Engine of this host. Nothing about them is kept outside the engine: containers,
 * volumes, images and the network carry the zone's id, which follows from the state directory's path.
 *
 * `open()` first; callbacks given to `onChange` before that also hear of guests that powered themselves off while
 * nobody watched, and guests that asked for a reboot then are started by it.
 */
export function createMachines(options: MachinesOptions): Machines {
  const { network, subnet, gateway, ca, shutdownSeconds = 90, log } = options;
  const state = resolve(options.state);
  const zone = zoneId(state);
  const callbacks: ((instanceId: string, state: "running" | "stopped") => void)[] = [];
  const closing = new AbortController();
  const queues = createQueues();
  /** What each instance was when it was last looked at; none of those that the engine had before open(). */
  const known = new Map<string, "running" | "off">();
  let engine: Engine | undefined;
  let settings: Settings | undefined;

  const docker = (): Docker => {
    if (!engine) throw new Error("the machines are not open: the zone is starting or going");
    return engine.docker;
  };
  const containerOf = (id: string): Docker.Container => docker().getContainer(containerName({ network }, id));
  const mine = { label: [`${labels.zone}=${zone}`] };

  async function open(): Promise<void> {
    if (process.getuid?.() !== 0) throw new Error("machines need root: run the zone as root");
    await mkdir(state, { recursive: true, mode: 0o700 });
    engine = await openEngine(state, zone, log);
    await raiseSysctls(log);
    await ensureNetwork(engine.docker, zone, network, subnet, gateway);
    settings = {
      zone, network, gateway,
      dropCapabilities: await hostCapabilitiesToDrop(),
      limitMemory: (await engine.docker.info() as { MemoryLimit?: boolean }).MemoryLimit === true,
      firmware: await readFile(new URL("firmware.sh", import.meta.url), "utf8"),
    };
    if (settings.dropCapabilities.includes("SYS_BOOT")) {
      log("host: without CAP_SYS_BOOT a guest's own reboot cannot be told from its power-off; it stays off");
    }
    await new Promise<void>((begun, failed) => {
      watch(engine!.docker, zone, closing.signal, {
        died: (id) => void queues.of(id, () => look(id)).catch((error: Error) => log(`instance ${id}: ${error.message}`)),
        resumed: () => void lookAtAll().then(begun, (error: Error) => (log(`engine: ${error.message}`), failed(error))),
        log,
      }).then(begun);
    });
  }

  /** After a time in which nothing was heard of the engine: also what it did to the machines itself. */
  async function lookAtAll(): Promise<void> {
    const all = await docker().listContainers({ all: true, filters: mine });
    const ids = all.map(({ Labels }) => Labels[labels.instance]).filter((id) => id !== undefined);
    await Promise.all(ids.map((id) => queues.of(id, () => look(id, true))));
  }

  /**
   * Compares one instance with what is known of it, and acts on what its guest did.
   * @param engineWasAway an engine that went down took the machines along: they run again as soon as it does
   */
  async function look(id: string, engineWasAway = false): Promise<void> {
    const { State } = await containerOf(id).inspect().catch((error: unknown) => (ignoreMissing(error), { State: undefined }));
    if (State === undefined) return void known.delete(id);
    if (State.Running) return void known.set(id, "running");
    const before = known.get(id);
    known.set(id, "off");
    if (before === "off" || State.Status === "created") return;
    let how: string = endedBy(State.ExitCode);
    // The host went down: whoever opened the machines knows which of them are to run.
    if (how === "power cut" && before === undefined) return;
    if (how === "reboot" || how === "power cut" && engineWasAway) {
      log(`instance ${id}: starts again after its ${how}`);
      known.set(id, "running");
      const failure = await startAgain(id);
      if (failure === undefined) return;
      known.set(id, "off");
      how = `a start that failed: ${failure}`;
    }
    log(`instance ${id}: stopped by ${how}`);
    for (const callback of callbacks) callback(id, "stopped");
  }

  /** @returns the reason when it failed for good; an engine that is going down fails too, but looks at all when it is back. */
  async function startAgain(id: string): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return void await containerOf(id).start();
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === undefined) return undefined;
        if (attempt === 5) return (error as Error).message;
        await sleep(1000);
      }
    }
  }

  async function start(instance: Instance): Promise<void> {
    const container = containerOf(instance.id);
    // The type may have changed while it was off.
    if (settings?.limitMemory) await container.update({ Memory: memoryLimit(instance), MemorySwap: -1 });
    await container.start().catch(ignoreUnchanged);
    known.set(instance.id, "running");
  }

  async function turnOff(id: string, verb: "poweroff" | "reboot"): Promise<void> {
    if (await shutDown(containerOf(id), verb, shutdownSeconds)) return;
    log(`instance ${id}: did not shut down within ${shutdownSeconds} s, so its power was cut`);
  }

  async function create(instance: Instance, template: Template, image = imageName(template)): Promise<void> {
    if (!settings) throw new Error("the machines are not open: the zone is starting or going");
    // The name has the instance's id in it: one of that name is this one, made before.
    await docker().createContainer(containerOptions(settings, instance, image)).catch(ignoreConflict);
  }

  async function removeMachine(id: string): Promise<void> {
    known.delete(id);
    await containerOf(id).remove({ force: true, v: true }).catch(ignoreMissing);
    await docker().getVolume(containerName({ network }, id)).remove().catch(ignoreMissing);
  }

  async function reset(instance: Instance, template: Template): Promise<void> {
    // A template that was deleted lives on as long as an instance has it.
    const { Image } = await containerOf(instance.id).inspect();
    const fresh = await docker().getImage(imageName(template)).inspect().then(({ Id }) => Id, (error) => (ignoreMissing(error), Image));
    await removeMachine(instance.id);
    await create(instance, template, fresh);
  }

  /** Images that lost their template while an instance had them. */
  async function pruneImages(): Promise<void> {
    await docker().pruneImages({ filters: { dangling: ["true"], ...mine } });
  }

  async function consoleLog(id: string): Promise<string> {
    const text = await containerOf(id).logs({ stdout: true, stderr: true, tail: 2000, follow: false });
    const tail = text.subarray(Math.max(0, text.length - consoleBytes));
    return tail.toString("utf8").replace(/^\uFFFD+/, "");
  }

  async function removeAll(): Promise<void> {
    engine ??= await openEngine(state, zone, log);
    const all = await docker().listContainers({ all: true, filters: mine });
    await Promise.all(all.map(({ Id }) => docker().getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing)));
    const { Volumes } = await docker().listVolumes({ filters: mine });
    for (const { Name } of Volumes ?? []) await docker().getVolume(Name).remove({ force: true });
    for (const { Id } of await docker().listImages({ filters: mine })) await docker().getImage(Id).remove({ force: true });
    await removeNetworks(docker(), zone, network);
    await engine.remove();
  }

  return {
    open,
    importTemplate: (template, url, md5) => importTemplate(docker(), zone, template, url, md5, ca),
    deleteTemplate: async (template) => {
      await docker().getImage(imageName(template)).remove({ force: true }).catch(ignoreMissing);
      await pruneImages();
    },
    create: (instance, template) => queues.of(instance.id, () => create(instance, template)),
    start: (instance) => queues.of(instance.id, () => start(instance)),
    stop: (instance) => queues.of(instance.id, async () => {
      known.set(instance.id, "off");
      await turnOff(instance.id, "poweroff");
    }),
    reboot: (instance) => queues.of(instance.id, async () => {
      await turnOff(instance.id, "reboot");
      await start(instance);
    }),
    reset: (instance, template) => queues.of(instance.id, () => reset(instance, template)),
    destroy: (instance) => queues.of(instance.id, async () => {
      await removeMachine(instance.id);
      await pruneImages();
    }),
    kill: (instance) => queues.of(instance.id, async () => {
      await cutPower(containerOf(instance.id));
      await look(instance.id);
    }),
    consoleLog: (instance) => consoleLog(instance.id),
    onChange: (callback) => void callbacks.push(callback),
    close: async ({ remove = false } = {}) => {
      closing.abort();
      await queues.idle();
      if (remove) await removeAll();
      engine = undefined;
    },
  };
}
