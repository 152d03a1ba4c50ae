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

/** The part of an instance that is looked at here. */
export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly state: string;
}

/** Seconds that one command may take: a change of all nodes, and some. */
const longest = 1_800;

/**
 * The cluster of this checkout, six machines in the local zone: what a person does to it, behind Pulumi's back too, and
 * how it stands.
 */
export class Cluster {
  readonly #settings = readFileSync(settings);

  /** @throws Error when a zone runs here already: it is somebody's. */
  static async open(): Promise<Cluster> {
    const { code } = await attempt("bin/zone status --json", { timeout: 30 });
    if (code === 0)
      throw new Error("a local zone runs in this checkout, and this begins from nothing: `npm run down` first");
    rmSync(results, { recursive: true, force: true });
    return new Cluster();
  }

  /** Six nodes that are well, with their clients' pods; made anew where they are not. */
  async begin(): Promise<void> {
    if (await this.isWell()) return;
    await attempt("npm run down", { timeout: 300 });
    writeFileSync(settings, this.#settings);
    await run("npm run up", { timeout: longest });
    await startServing();
    await this.untilWell();
  }

  async isWell(): Promise<boolean> {
    // Without a checkout's cluster there is nothing to ask, and no JSON.
    const { code } = await attempt("npm run --silent status -- --json", { timeout: 60 });
    return code === 0 && (await this.names()).join() === six.join();
  }

  /** Until nothing is wrong, and no update or run keeps the lock. @param limit Seconds. */
  async untilWell(limit = 240): Promise<void> {
    await eventually("all is well", limit, status, ({ code, lock }) => code === 0 && lock.holders.length === 0);
  }

  /** `pulumi up`, with settings changed before. @returns what it printed. */
  async up(change: Readonly<Record<string, string>> = {}, flags = ""): Promise<string> {
    for (const [name, value] of Object.entries(change)) await run(`bin/pulumi config set --path '${name}' '${value}'`);
    return (await run(`bin/pulumi up --yes --skip-preview ${flags}`, { timeout: longest })).stdout;
  }

  /** The zone's API: what somebody does by hand. */
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

  /** Of the cluster's nodes, by the Kubernetes API. */
  async names(): Promise<string[]> {
    const { stdout } = await attempt("bin/kubectl get nodes -o name", { timeout: 60 });
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.replace("node/", ""))
      .sort();
  }

  /** Which boot each node is in. */
  async boots(names: readonly string[]): Promise<Map<string, string>> {
    return new Map(
      await Promise.all(
        names.map(async (name) => [name, await ssh(name, "cat /proc/sys/kernel/random/boot_id")] as const),
      ),
    );
  }

  /** The certificate in a file of a node's, as openssl shows it. */
  async certificate(node: string, file: string, what: string): Promise<string> {
    return ssh(node, `sudo openssl x509 -noout -${what} -in /run/kubernetes/pki/${file}.crt`);
  }

  kubectl(args: string): Promise<string> {
    return kubectl(args);
  }

  /** Every node's journal and all commands with what they printed. */
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

/** The names whose values are no longer the same, in order. */
export function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before.keys()].filter((name) => before.get(name) !== after.get(name)).sort();
}
