/** A cluster with machines, ours or kubeadm's, through its API, SSH and DNS. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { apiOf, request, type Api } from "../test/cluster/load.ts";
import { query, isAnswered } from "./dns.ts";

/** Milliseconds between two checks. */
const PAUSE = 500;

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
  };
}

export interface ClusterArgs {
  /** Addresses by node name. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly kubeconfig: string;
  readonly ssh: Ssh;
  /** Cluster IP of the DNS Service. */
  readonly dnsAddress: string;
}

export class Cluster {
  readonly nodes: ReadonlyMap<string, string>;
  readonly api: Api;
  readonly #ssh: Ssh;
  readonly #dnsAddress: string;

  constructor({ nodes, kubeconfig, ssh, dnsAddress }: ClusterArgs) {
    this.nodes = nodes;
    this.api = apiOf(kubeconfig);
    this.#ssh = ssh;
    this.#dnsAddress = dnsAddress;
  }

  /** Runs a script on a node; resolves with its output. @throws Error with the output of a script that fails. */
  on(node: string, script: string): Promise<string> {
    return this.#ssh.run(this.nodes.get(node)!, script);
  }

  /** Since when each Ready node is Ready, in milliseconds since 1970; the API reports whole seconds. */
  async readySince(): Promise<Map<string, number>> {
    const { items } = JSON.parse(await request(`${this.api.server}/api/v1/nodes`, this.api)) as {
      items: readonly NodeObject[];
    };
    return new Map(
      items.flatMap(({ metadata, status }) => {
        const ready = status.conditions.find(({ type }) => type === "Ready");
        return ready?.status === "True" ? [[metadata.name, Date.parse(ready.lastTransitionTime)]] : [];
      }),
    );
  }

  /** Whether the cluster's DNS answers a query that comes from a node. */
  async isDnsAnswering(): Promise<boolean> {
    const address = [...this.nodes.values()].at(-1)!;
    return isAnswered(
      await this.#ssh.exchange(address, `${this.#dnsAddress}:53`, query("kubernetes.default.svc.cluster.local")),
    );
  }

  /**
   * Waits until every node is Ready and DNS answers.
   * @param limit Seconds. @throws Error with what is missing when they are over.
   */
  async untilUsable(limit: number): Promise<void> {
    const end = performance.now() + limit * 1000;
    for (;;) {
      const missing = await this.#missing().catch((error: Error) => error.message);
      if (missing === undefined) return;
      if (performance.now() > end) throw new Error(`the cluster cannot be used after ${limit} s: ${missing}`);
      await sleep(PAUSE);
    }
  }

  async #missing(): Promise<string | undefined> {
    const ready = await this.readySince();
    const late = [...this.nodes.keys()].filter((name) => !ready.has(name));
    if (late.length > 0) return `${late.join(", ")} not Ready`;
    return (await this.isDnsAnswering()) ? undefined : "DNS does not answer";
  }
}

/** SSH to new machines on this host. Their host keys are not known yet, so they are not checked. */
export class Ssh {
  readonly #options: readonly string[];

  /** @param directory For its files. @param privateKey In OpenSSH's format. */
  constructor(directory: string, privateKey: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const identity = join(directory, "ssh_key");
    writeFileSync(identity, privateKey, { mode: 0o600 });
    const options = {
      User: "core",
      IdentityFile: identity,
      IdentitiesOnly: "yes",
      StrictHostKeyChecking: "no",
      UserKnownHostsFile: "/dev/null",
      LogLevel: "ERROR",
      BatchMode: "yes",
      ConnectTimeout: "5",
    };
    this.#options = [
      "-F",
      "/dev/null",
      ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ];
  }

  /** Runs a script; resolves with its output. @throws Error with it if the script fails or takes over two minutes. */
  async run(address: string, script: string): Promise<string> {
    return (await this.#ssh([address, "bash", "-s"], Buffer.from(script), 120_000)).toString().trim();
  }

  /** Sends bytes from the node at `address` to `to`, an address with a port; resolves with the answer. */
  exchange(address: string, to: string, bytes: Buffer): Promise<Buffer> {
    return this.#ssh(["-W", to, address], bytes, 5_000);
  }

  async #ssh(args: readonly string[], input: Buffer, timeout: number): Promise<Buffer> {
    const { stdout } = await execa("ssh", [...this.#options, ...args], {
      input,
      timeout,
      killSignal: "SIGKILL",
      encoding: "buffer",
    });
    return Buffer.from(stdout);
  }
}
