/** A bridge and, as instances, network namespaces connected to it, each with an agent inside. Needs root. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Instance } from "../../types.ts";
import { run } from "../../command.ts";
import type { Request } from "./agent.ts";

/** Sends and listens, in an instance or on the host. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>();
  #id = 0;

  /** @param namespace where it runs, by default the host's */
  constructor(namespace?: string) {
    const command = [process.execPath, fileURLToPath(new URL("agent.ts", import.meta.url))];
    const [file, ...args] = namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
    this.#child = spawn(file!, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", ({ id, result, error }: { id: number; result?: string; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result ?? "");
      else waiting?.reject(new Error(error));
    });
  }

  /** @throws Error whose message is the error's code inside, e.g. `ABORT_ERR` after a timeout */
  request(message: Request): Promise<string> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, message });
    });
  }

  /** The answer of a listener, undefined after a timeout or an error. */
  ask(
    protocol: "tcp" | "udp",
    address: string,
    port: number,
    more: { from?: string; timeout?: number } = {},
  ): Promise<string | undefined> {
    return this.request({ do: "ask", protocol, address, port, ...more }).catch(() => undefined);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

export interface BedOptions {
  readonly bridge: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Use a namespace as the host, so that its packet filter has only the test's rules. */
  readonly ownHost?: boolean;
}

export class Bed {
  readonly bridge: string;
  readonly gateway: string;
  /** The namespace that is used as the host, if any. */
  readonly host: string | undefined;
  readonly #prefix: string;
  readonly #agents = new Map<string, Agent>();

  constructor({ bridge, subnet, gateway, ownHost = false }: BedOptions) {
    this.bridge = bridge;
    this.gateway = gateway;
    this.host = ownHost ? `${bridge}-host` : undefined;
    this.#prefix = subnet.split("/")[1]!;
  }

  async open(): Promise<void> {
    await this.#clean();
    if (this.host !== undefined) {
      await ip(`netns add ${this.host}`);
      await this.onHost("link set lo up");
    }
    await this.onHost(`link add ${this.bridge} type bridge`);
    await this.onHost(`addr add ${this.gateway}/${this.#prefix} dev ${this.bridge}`);
    await this.onHost(`link set ${this.bridge} up`);
  }

  /** Connects an instance. */
  async plug(instance: Instance): Promise<Agent> {
    const namespace = this.namespaceOf(instance);
    await ip(`netns add ${namespace}`);
    await this.inside(instance, "link set lo up");
    await this.wire(instance, this.bridge, "eth0", instance.mac);
    await this.inside(instance, `addr add ${instance.address}/${this.#prefix} dev eth0`);
    await this.inside(instance, `route add default via ${this.gateway}`);
    const agent = new Agent(namespace);
    this.#agents.set(instance.id, agent);
    return agent;
  }

  /** Adds an interface to an instance, connected to another bridge. */
  async wire(instance: Instance, bridge: string, name: string, mac: string): Promise<void> {
    const port = `${name.slice(-1)}${bridge.slice(0, 7)}${instance.address!.split(".").slice(2).join("-")}`;
    await this.onHost(
      `link add ${port} type veth peer name ${name} address ${mac} netns ${this.namespaceOf(instance)}`,
    );
    await this.onHost(`link set ${port} master ${bridge} up`);
    await this.inside(instance, `link set ${name} up`);
  }

  /** Adds a namespace outside of the zone and the host, connected to the host's address `gateway`. */
  async connect(gateway: string, addresses: readonly string[]): Promise<string> {
    const namespace = `${this.bridge}-out`;
    await ip(`netns add ${namespace}`);
    await this.onHost(`link add outside type veth peer name eth0 netns ${namespace}`);
    await this.onHost(`addr add ${gateway}/24 dev outside`);
    await this.onHost("link set outside up");
    for (const command of [
      "link set lo up",
      "link set eth0 up",
      ...addresses.map((address) => `addr add ${address}/24 dev eth0`),
      `route add default via ${gateway}`,
    ]) {
      await ip(`-n ${namespace} ${command}`);
    }
    return namespace;
  }

  namespaceOf(instance: Instance): string {
    return `${this.bridge}-${instance.address!.split(".").slice(2).join("-")}`;
  }

  /** Runs ip(8) inside an instance. */
  inside(instance: Instance, command: string): Promise<string> {
    return ip(`-n ${this.namespaceOf(instance)} ${command}`);
  }

  /** Runs ip(8) on the host. */
  onHost(command: string): Promise<string> {
    return ip(this.host === undefined ? command : `-n ${this.host} ${command}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.end()));
    await this.#clean();
  }

  async #clean(): Promise<void> {
    const namespaces = (await ip("netns list")).split("\n").map((line) => line.split(" ")[0]!);
    for (const namespace of namespaces.filter((name) => name.startsWith(`${this.bridge}-`)))
      await ip(`netns del ${namespace}`);
    if (this.host === undefined) await ip(`link del ${this.bridge}`).catch(() => {});
  }
}

const ip = (command: string): Promise<string> => run("ip", command.split(" "));
