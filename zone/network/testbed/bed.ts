/** A bridge of its own with network namespaces plugged in as instances, each with an agent inside. Needs root. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Instance } from "../../types.ts";
import { run } from "../command.ts";
import type { Request } from "./agent.ts";

/** Something that sends and listens: an instance, or the host itself. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>();
  #id = 0;

  /** @param namespace where it runs; the host's own without it */
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

  /** The answer of a listener, or nothing when there was none in time. */
  ask(protocol: "tcp" | "udp", address: string, port: number, more: { from?: string; timeout?: number } = {}): Promise<string | undefined> {
    return this.request({ do: "ask", protocol, address, port, ...more }).catch(() => undefined);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

export class Bed {
  readonly bridge: string;
  readonly gateway: string;
  readonly #subnet: string;
  readonly #agents = new Map<string, Agent>();

  constructor(bridge: string, subnet: string, gateway: string) {
    this.bridge = bridge;
    this.gateway = gateway;
    this.#subnet = subnet;
  }

  async open(): Promise<void> {
    await this.#clean();
    await ip(`link add ${this.bridge} type bridge`);
    await ip(`addr add ${this.gateway}/${this.#subnet.split("/")[1]} dev ${this.bridge}`);
    await ip(`link set ${this.bridge} up`);
  }

  /** Plugs an instance in. */
  async plug(instance: Instance): Promise<Agent> {
    const n = instance.address!.split(".").slice(2).join("-");
    const namespace = `${this.bridge}-${n}`;
    await ip(`netns add ${namespace}`);
    const port = `${this.bridge.slice(0, 6)}${n}`;
    await ip(`link add ${port} type veth peer name eth0 address ${instance.mac} netns ${namespace}`);
    await ip(`link set ${port} master ${this.bridge} up`);
    await ip(`-n ${namespace} link set lo up`);
    await ip(`-n ${namespace} link set eth0 up`);
    await ip(`-n ${namespace} addr add ${instance.address}/${this.#subnet.split("/")[1]} dev eth0`);
    await ip(`-n ${namespace} route add default via ${this.gateway}`);
    const agent = new Agent(namespace);
    this.#agents.set(instance.id, agent);
    return agent;
  }

  /** Runs ip(8) inside an instance. */
  inside(instance: Instance, command: string): Promise<string> {
    return ip(`-n ${this.bridge}-${instance.address!.split(".").slice(2).join("-")} ${command}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.end()));
    await this.#clean();
  }

  async #clean(): Promise<void> {
    const namespaces = (await ip("netns list")).split("\n").map((line) => line.split(" ")[0]!);
    for (const namespace of namespaces.filter((name) => name.startsWith(`${this.bridge}-`))) await ip(`netns del ${namespace}`);
    await ip(`link del ${this.bridge}`).catch(() => {});
  }
}

const ip = (command: string): Promise<string> => run("ip", command.split(" "));
