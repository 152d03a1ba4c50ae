/**
 * Machines on a real engine, seen as users see them: over SSH, and through the metadata service. Needs root and the node
 * image in .local/template or the directory NODE_IMAGE. A bed has its own engine, state and addresses, apart from a zone
 * that may run on this host.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Client } from "ssh2";
import { ed25519 } from "../../../test/ed25519.ts";
import type { Instance, Machines } from "../../types.ts";
import { createMachines, type MachinesOptions, zoneId } from "../docker.ts";
import { instanceWith } from "../../testing/instance.ts";

/** Directory of the node image. */
export const artifact =
  process.env["NODE_IMAGE"] ?? fileURLToPath(new URL("../../../.local/template", import.meta.url));
export const template = { id: "5f3b1c52-8c3f-4d0e-9d55-6f2f1c0b7a01", name: "Flatcar" };
export const gateway = "198.19.4.1";

/** The instance number `n`, the same for every bed: only one bed may be open at a time. */
export const instance = (n: number): Instance =>
  instanceWith({
    id: `5f3b1c52-8c3f-4d0e-9d55-0000000000${String(n).padStart(2, "0")}`,
    name: `machine-${n}`,
    address: `198.19.5.${n}`,
    mac: `0a:00:c6:13:05:${n.toString(16).padStart(2, "0")}`,
    template: template.id,
  });

export class Bed {
  readonly state = mkdtempSync("/tmp/exoscale-machines-");
  readonly key = ed25519();
  /** What the zone has logged. */
  readonly logged: string[] = [];
  /** Calls of `onChange`: `ID STATE`. */
  readonly changes: string[] = [];
  /** User-data by the caller's address; the metadata service gzips strings and answers buffers unchanged. */
  readonly userData = new Map<string, string | Buffer>();
  readonly options: MachinesOptions;
  machines: Machines;

  constructor(options: Partial<MachinesOptions> = {}) {
    this.options = {
      state: this.state,
      network: "exotest",
      subnet: "198.19.4.0/22",
      gateway,
      ca: join(this.state, "ca.pem"),
      log: (line) => void this.logged.push(line),
      ...options,
    };
    this.machines = this.#create();
  }

  #create(): Machines {
    const machines = createMachines(this.options);
    machines.onChange((id, now) => void this.changes.push(`${id} ${now}`));
    return machines;
  }

  async open(): Promise<void> {
    await this.machines.open();
    await new Promise<void>((ready) => this.#metadata.listen(80, gateway, ready));
  }

  /** Opens it, imports the template, and creates and starts this machine. */
  async openWith(machine: Instance): Promise<void> {
    await this.open();
    await this.importTemplate();
    await this.machines.create(machine, template);
    await this.machines.start(machine);
  }

  /** Socket of the engine that the zone has started. */
  get engineSocket(): string {
    return `/run/exoscale-${zoneId(this.state)}/docker.sock`;
  }

  /** New machines on the same state, as of the next daemon; to be opened. */
  next(): Machines {
    return (this.machines = this.#create());
  }

  async importTemplate(): Promise<void> {
    const [md5] = readFileSync(join(artifact, "MD5SUMS"), "utf8").split(" ");
    await this.machines.importTemplate(template, `file://${artifact}/rootfs.tar`, md5!);
  }

  async close(): Promise<void> {
    this.#metadata.closeAllConnections();
    this.#metadata.close();
    await this.machines.close({ remove: true });
    rmSync(this.state, { recursive: true, force: true });
  }

  readonly #metadata = createServer((request, response) => {
    if (request.url === "/latest/meta-data/public-keys") return response.end(`${this.key.public}\n`);
    if (request.url === "/latest/user-data") {
      const data = this.userData.get(request.socket.remoteAddress ?? "");
      // 200 and an empty body for an instance without user-data, as on Exoscale.
      return response.end(typeof data === "string" ? gzipSync(data) : data);
    }
    response.statusCode = 404;
    response.end();
  });

  /** Runs a command as core. Waits up to 60 s for a machine to boot; a lost connection has the command run again. */
  async ssh(target: Instance, command: string): Promise<string> {
    return this.#connected(target, (client) => run(client, command));
  }

  /** Runs a command as core that takes the machine down: once, however its connection ends. */
  async takeDown(target: Instance, command: string): Promise<void> {
    await this.#connected(target, (client) =>
      run(client, command).catch((error: unknown) => {
        if (!(error instanceof ConnectionLost)) throw error;
      }),
    );
  }

  async #connected<T>(target: Instance, use: (client: Client) => Promise<T>): Promise<T> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const client = new Client();
      try {
        await this.#connect(client, target);
        return await use(client);
      } catch (error) {
        if (!(error instanceof ConnectionLost) || Date.now() > deadline) throw error;
        await sleep(200);
      } finally {
        client.destroy();
      }
    }
  }

  #connect(client: Client, target: Instance): Promise<void> {
    return new Promise((resolve, reject) => {
      client
        .on("ready", resolve)
        .on("error", (error) => reject(new ConnectionLost(error.message)))
        .on("close", () => reject(new ConnectionLost()))
        .connect({
          host: target.address!,
          username: "core",
          privateKey: this.key.private,
          readyTimeout: 5000,
          // A machine that loses power closes no connection.
          keepaliveInterval: 1000,
          keepaliveCountMax: 5,
        });
    });
  }

  bootId(target: Instance): Promise<string> {
    return this.ssh(target, "cat /proc/sys/kernel/random/boot_id");
  }

  /** `running`, or the failed units. */
  settled(target: Instance): Promise<string> {
    return this.ssh(target, "systemctl is-system-running --wait || systemctl --failed --no-legend");
  }

  async until(what: string, condition: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s\n${this.logged.join("\n")}`);
      await sleep(100);
    }
  }
}

class ConnectionLost extends Error {
  constructor(message = "the connection was closed") {
    super(message);
  }
}

/** @throws {ConnectionLost} if no exit code came: the machine went down */
function run(client: Client, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const lost = (error?: Error): void => reject(new ConnectionLost(error?.message));
    client.on("error", lost).on("close", () => lost());
    client.exec(command, (error, stream) => {
      if (error) return lost(error);
      let output = "",
        errors = "";
      stream
        .on("data", (chunk: Buffer) => void (output += chunk.toString()))
        .stderr.on("data", (chunk: Buffer) => void (errors += chunk.toString()));
      stream.on("close", (code?: number | null) => {
        if (code === 0) resolve(output.trim());
        else if (code === null || code === undefined) lost();
        else reject(new Error(`${command}: exit code ${code}: ${output}${errors}`));
      });
    });
  });
}

/** True if sshd's port accepts connections. */
export const listens = (target: Instance): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: target.address!, port: 22, timeout: 1000 });
    const done = (answer: boolean) => (socket.destroy(), resolve(answer));
    socket
      .once("connect", () => done(true))
      .once("error", () => done(false))
      .once("timeout", () => done(false));
  });
