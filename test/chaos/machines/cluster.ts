import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../../../toolchain/paths.ts";
import { loadCredentials } from "../../../zone/credentials.ts";
import { clientOf, type Client } from "../../../zone/testing/client.ts";
import { startServing } from "../../cluster/clients.ts";
import {
  attempt,
  eventually,
  json,
  keepLogs,
  kubectl,
  results,
  run,
  settings,
  six,
  ssh,
  status,
} from "../../cluster/user.ts";

/** An instance in the output of `bin/zone status --json`. */
export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly state: string;
}

/** Timeout of one command in seconds: enough to change all nodes. */
const longest = 1_800;

/** The cluster of this checkout, six machines in the local zone: commands, direct API calls, and its state. */
export class Cluster {
  readonly #settings = readFileSync(settings);

  /** @throws Error if a local zone already runs in this checkout. */
  static async open(): Promise<Cluster> {
    const { code } = await attempt("bin/zone status --json", { timeout: 30 });
    if (code === 0)
      throw new Error("a local zone runs in this checkout, and this starts from nothing: run `npm run down` first");
    rmSync(results, { recursive: true, force: true });
    return new Cluster();
  }

  /** Makes sure that six healthy nodes and the clients' pods exist; recreates the cluster otherwise. */
  async begin(): Promise<void> {
    if (await this.isWell()) return;
    await attempt("npm run down", { timeout: 300 });
    writeFileSync(settings, this.#settings);
    await run("npm run up", { timeout: longest });
    await startServing();
    await this.untilWell();
  }

  async isWell(): Promise<boolean> {
    // Without a cluster in this checkout, status fails and prints no JSON.
    const { code } = await attempt("npm run --silent status -- --json", { timeout: 60 });
    return code === 0 && (await this.names()).join() === six.join();
  }

  /** Waits until status finds no problem and the reboot lock has no holder. @param limit Seconds. */
  async untilWell(limit = 240): Promise<void> {
    await eventually(
      "the cluster is healthy",
      limit,
      status,
      ({ code, lock }) => code === 0 && lock.holders.length === 0,
    );
  }

  /** Changes settings and runs `pulumi up`. @returns Its output. */
  async up(change: Readonly<Record<string, string>> = {}, flags = ""): Promise<string> {
    for (const [name, value] of Object.entries(change)) await run(`bin/pulumi config set --path '${name}' '${value}'`);
    return (await run(`bin/pulumi up --yes --skip-preview ${flags}`, { timeout: longest })).stdout;
  }

  /** The zone's API, for changes behind Pulumi's back. */
  get api(): Client {
    return clientOf({ url: "http://127.0.0.1:8180/v2", ...loadCredentials(join(root, ".local", "zone")) });
  }

  async instances(): Promise<Map<string, Instance>> {
    const { instances } = await json<{ instances: Instance[] }>("bin/zone status --json");
    return new Map(instances.map((each) => [each.name, each]));
  }

  async instance(name: string): Promise<Instance> {
    const found = (await this.instances()).get(name);
    assert.ok(found, `there is no instance ${name}`);
    return found;
  }

  /** The nodes' names from the Kubernetes API, sorted; empty if it does not answer. */
  async names(): Promise<string[]> {
    const { stdout } = await attempt("bin/kubectl get nodes -o name", { timeout: 60 });
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.replace("node/", ""))
      .sort();
  }

  /** Boot ids by node name. */
  async boots(names: readonly string[]): Promise<Map<string, string>> {
    return new Map(
      await Promise.all(
        names.map(async (name) => [name, await ssh(name, "cat /proc/sys/kernel/random/boot_id")] as const),
      ),
    );
  }

  /** One field of a node's certificate. @param what An option of `openssl x509`, such as `serial`. */
  async certificate(node: string, file: string, what: string): Promise<string> {
    return ssh(node, `sudo openssl x509 -noout -${what} -in /run/kubernetes/pki/${file}.crt`);
  }

  kubectl(args: string): Promise<string> {
    return kubectl(args);
  }

  /** Saves every node's journal, and all commands with their output. */
  async keepLogs(directory: string): Promise<void> {
    await keepLogs(six);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(join(directory, ".."), { recursive: true });
    if (existsSync(results)) cpSync(results, directory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await attempt("npm run down", { timeout: 300 });
    writeFileSync(settings, this.#settings);
  }
}

/** The names whose values differ, sorted. */
export function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before.keys()].filter((name) => before.get(name) !== after.get(name)).sort();
}
