/** Machines as containers of the Docker Engine. */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type Docker from "dockerode";
import type { Instance, Machines, Template } from "../types.ts";
import { bridgeName, ensureNetwork } from "./bridge.ts";
import { plugCables, requireBridges } from "./cables.ts";
import { containerName, containerOptions, labels, memoryLimit, type Settings } from "./container.ts";
import { openEngine, type Engine } from "./engine.ts";
import { watch } from "./events.ts";
import { createFollower } from "./follow.ts";
import { execute } from "./guest.ts";
import { hostCapabilitiesToDrop, raiseSysctls, restoreSysctls } from "./host.ts";
import { cutPower, ignoreConflict, ignoreMissing, ignoreUnchanged, shutDown } from "./power.ts";
import { createQueues } from "./queues.ts";
import { removeEverything } from "./remove.ts";
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
  /** Seconds a guest has to shut down before its power is cut: as long as a node may take to drain itself. @default 1800 */
  readonly shutdownSeconds?: number;
  /** Seconds after which a guest that is to shut down counts as hung when its PID 1 answers nothing. @default 90 */
  readonly hungSeconds?: number;
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
 * nobody watched, and guests that asked for a reboot then are started by it. A `stop` or `reboot` that waits for its
 * guest gives up waiting, and cuts the power, when the next `stop`, `kill`, `reset` or `destroy` comes; it never
 * settles when `close` comes.
 */
export function createMachines(options: MachinesOptions): Machines {
  const { network, subnet, gateway, ca, shutdownSeconds = 1800, hungSeconds = 90, log } = options;
  const state = resolve(options.state);
  const zone = zoneId(state);
  const callbacks: ((instanceId: string, state: "running" | "stopped") => void)[] = [];
  const closing = new AbortController();
  const queues = createQueues();
  /** Each instance as it was given last: a guest's own reboot takes its private interfaces along. */
  const newest = new Map<string, Instance>();
  let engine: Engine | undefined;
  let settings: Settings | undefined;

  const docker = (): Docker => {
    if (!engine) throw new Error("the machines are not open: the zone is starting or going");
    return engine.docker;
  };
  const containerOf = (id: string): Docker.Container => docker().getContainer(containerName({ network }, id));
  const mine = { label: [`${labels.zone}=${zone}`] };
  const follower = createFollower({
    docker,
    containerOf,
    mine,
    queues,
    log,
    restarted: async (id) => {
      const instance = newest.get(id);
      if (instance) await plug(instance).catch((error: Error) => log(`instance ${id}: ${error.message}`));
    },
    stopped: (id) => callbacks.forEach((callback) => callback(id, "stopped")),
  });
  const { known } = follower;

  async function open(): Promise<void> {
    if (process.getuid?.() !== 0) throw new Error("machines need root: run the zone as root");
    await mkdir(state, { recursive: true, mode: 0o700 });
    const opened = (engine = await openEngine(state, zone, log));
    await raiseSysctls(zone, log);
    await ensureNetwork(opened.docker, zone, network, subnet, gateway);
    settings = {
      zone,
      network,
      gateway,
      dropCapabilities: await hostCapabilitiesToDrop(),
      limitMemory: ((await opened.docker.info()) as { MemoryLimit?: boolean }).MemoryLimit === true,
      firmware: await readFile(new URL("firmware.sh", import.meta.url), "utf8"),
    };
    if (settings.dropCapabilities.includes("SYS_BOOT")) {
      log("host: without CAP_SYS_BOOT a guest's own reboot cannot be told from its power-off; it stays off");
    }
    await new Promise<void>((begun, failed) => {
      watch(opened.docker, zone, closing.signal, {
        died: (id) =>
          void queues.of(id, () => follower.look(id)).catch((error: Error) => log(`instance ${id}: ${error.message}`)),
        resumed: () =>
          void follower.lookAtAll().then(begun, (error: Error) => (log(`engine: ${error.message}`), failed(error))),
        revive: () => opened.revive(),
        log,
      }).then(begun);
    });
  }

  async function create(instance: Instance, template: Template, image = imageName(template)): Promise<void> {
    if (!settings) throw new Error("the machines are not open: the zone is starting or going");
    const request = containerOptions(settings, instance, image);
    await docker()
      .createContainer(request)
      .catch(async (error: unknown) => {
        ignoreConflict(error);
        const { Config } = await containerOf(instance.id).inspect();
        if (Config.Labels[labels.zone] === zone && Config.Labels[labels.instance] === instance.id) return;
        throw new Error(
          `the container ${request.name} is not this zone's: remove it with \`docker rm --force ${request.name}\``,
          { cause: error },
        );
      });
  }

  async function start(instance: Instance): Promise<void> {
    const container = containerOf(instance.id);
    // A frozen one runs, and stays frozen.
    if ((await container.inspect()).State.Paused) return;
    requireBridges(bridgeName(network), instance);
    // The type may have changed while it was off.
    if (settings?.limitMemory) await container.update({ Memory: memoryLimit(instance), MemorySwap: -1 });
    await container.start().catch(ignoreUnchanged);
    known.set(instance.id, "running");
    await plug(instance);
  }

  async function plug(instance: Instance): Promise<void> {
    newest.set(instance.id, instance);
    const { State } = await containerOf(instance.id).inspect();
    if (State.Running) await plugCables(bridgeName(network), State.Pid, instance);
  }

  /** @returns false when somebody did not wait for the guest, and it is to stay off */
  function turnOff(id: string, verb: "poweroff" | "reboot"): Promise<boolean> {
    return queues.interruptible(id, async (hurry) => {
      const patience = { shutdownSeconds, hungSeconds, hurry, leave: closing.signal };
      const cut = await shutDown(containerOf(id), verb, patience);
      if (cut !== undefined) log(`instance ${id}: its power was cut, since ${cut}`);
      return !hurry.aborted;
    });
  }

  async function stop(id: string): Promise<void> {
    known.set(id, "off");
    await turnOff(id, "poweroff");
  }

  async function reboot(instance: Instance): Promise<void> {
    if (!(await turnOff(instance.id, "reboot")))
      throw new Error(`instance ${instance.id}: its power was cut while it went down to reboot`);
    await start(instance);
  }

  async function pause(id: string): Promise<void> {
    const { State } = await containerOf(id).inspect();
    if (!State.Running) throw new Error(`instance ${id} does not run`);
    if (!State.Paused) await containerOf(id).pause();
  }

  async function resume(id: string): Promise<void> {
    if ((await containerOf(id).inspect()).State.Paused) await containerOf(id).unpause();
  }

  async function announceUpdate(id: string, version: string): Promise<void> {
    const { exitCode, output } = await execute(containerOf(id), ["update-engine-announce", version], 30).catch(
      (error: Error) => ({ exitCode: -1, output: error.message }),
    );
    if (exitCode !== 0)
      throw new Error(`instance ${id} takes no update to ${version}: ${output.trim() || "no answer within 30 s"}`);
  }

  async function removeMachine(id: string): Promise<void> {
    known.delete(id);
    newest.delete(id);
    await containerOf(id).remove({ force: true, v: true }).catch(ignoreMissing);
    await docker().getVolume(containerName({ network }, id)).remove().catch(ignoreMissing);
  }

  async function destroy(id: string): Promise<void> {
    await removeMachine(id);
    await pruneImages();
  }

  async function kill(id: string): Promise<void> {
    await cutPower(containerOf(id));
    await follower.look(id);
  }

  async function reset(instance: Instance, template: Template): Promise<void> {
    // A template that was deleted lives on as long as an instance has it.
    const { Image } = await containerOf(instance.id).inspect();
    const fresh = await docker()
      .getImage(imageName(template))
      .inspect()
      .then(
        ({ Id }) => Id,
        (error) => (ignoreMissing(error), Image),
      );
    await removeMachine(instance.id);
    await create(instance, template, fresh);
  }

  /** Images that lost their template while an instance had them. */
  async function pruneImages(): Promise<void> {
    await docker().pruneImages({ filters: { dangling: ["true"], ...mine } });
  }

  async function deleteTemplate(template: Template): Promise<void> {
    await docker().getImage(imageName(template)).remove({ force: true }).catch(ignoreMissing);
    await pruneImages();
  }

  async function consoleLog(id: string): Promise<string> {
    const text = await containerOf(id).logs({ stdout: true, stderr: true, tail: 2000, follow: false });
    const tail = text.subarray(Math.max(0, text.length - consoleBytes));
    return tail.toString("utf8").replace(/^\uFFFD+/, "");
  }

  async function removeAll(): Promise<void> {
    engine ??= await openEngine(state, zone, log);
    await removeEverything(engine.docker, zone, network);
    await engine.remove();
    await restoreSysctls(zone, log);
  }

  /** What a caller gets: nothing at all of a guest that close() has left to itself, and words where the engine is away. */
  const answer = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: NodeJS.ErrnoException) => {
      if (error === closing.signal.reason) return new Promise<never>(() => {});
      throw engine && error.syscall === "connect"
        ? new Error(`${engine.away} (${error.code})`, { cause: error })
        : error;
    });

  return {
    open,
    importTemplate: async (template, url, md5) => answer(importTemplate(docker(), zone, template, url, md5, ca)),
    deleteTemplate: (template) => answer(deleteTemplate(template)),
    create: (instance, template) => answer(queues.of(instance.id, () => create(instance, template))),
    start: (instance) => answer(queues.of(instance.id, () => start(instance))),
    stop: ({ id }) => answer(queues.atOnce(id, () => stop(id))),
    reboot: (instance) => answer(queues.of(instance.id, () => reboot(instance))),
    reset: (instance, template) => answer(queues.atOnce(instance.id, () => reset(instance, template))),
    destroy: ({ id }) => answer(queues.atOnce(id, () => destroy(id))),
    plug: (instance) => answer(queues.of(instance.id, () => plug(instance))),
    kill: ({ id }) => answer(queues.atOnce(id, () => kill(id))),
    // Not in the queue: a hang comes whatever the zone waits for.
    pause: ({ id }) => answer(pause(id)),
    resume: ({ id }) => answer(resume(id)),
    announceUpdate: ({ id }, version) => answer(announceUpdate(id, version)),
    consoleLog: ({ id }) => answer(consoleLog(id)),
    onChange: (callback) => void callbacks.push(callback),
    close: async ({ remove = false } = {}) => {
      if (remove) queues.interruptAll();
      else closing.abort(new Error("the zone ends; the guest shuts down without being watched"));
      await queues.idle();
      closing.abort();
      if (remove) await removeAll();
      engine = undefined;
    },
  };
}
