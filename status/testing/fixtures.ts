/** Six healthy nodes at four in the morning, and ways to break them. */
import {
  type Answers,
  type ApiAnswer,
  type ApiNode,
  type Deployment,
  type NodeAnswer,
  parseNodes,
  parseReport,
  type Role,
} from "../answers.ts";
import type { EtcdReport, NodeReport } from "../../node/remote/report.ts";
import { drainAnnotation } from "../../node/remote/scripts.ts";

export const now = new Date("2026-11-24T03:10:00Z");
export const minutesAgo = (minutes: number): string =>
  new Date(now.getTime() - minutes * 60_000).toISOString().replace(".000Z", "Z");
const inDays = (days: number) => minutesAgo(-days * 1440);

export const masters = [1, 2, 3].map((n) => `dev-master-${n}`);
export const workers = [1, 2, 3].map((n) => `dev-worker-${n}`);

function member(n: number, version: string): EtcdReport {
  return {
    isHealthy: true,
    memberId: String(n),
    leaderId: "2",
    version,
    dbSize: 25_000_000,
    alarms: [],
    members: masters.map((name, i) => ({ id: String(i + 1), name, isLearner: false })),
  };
}

/** As node/remote/report prints it. */
export function report(name: string): NodeReport {
  const role: Role = name.includes("master") ? "master" : "worker";
  const n = Number(name.at(-1));
  return {
    name,
    role,
    bootId: `boot-${name}`,
    upSince: minutesAgo(3 * 1440),
    os: "Flatcar Container Linux by Kinvolk 4757.2.0",
    osVersion: "4757.2.0",
    kubelet: "v1.36.4",
    problems: [],
    drainedSince: null,
    window: {
      start: role === "master" ? "04:00" : "05:00",
      length: 3600,
      timeZone: "Europe/Zurich",
      isOpen: role === "master",
      opens: role === "master" ? "2026-11-25T03:00:00Z" : "2026-11-24T04:00:00Z",
      locksmithd: false,
      waitsFor: role === "master" ? "no update waits" : null,
    },
    update: { status: "UPDATE_STATUS_IDLE", version: null, since: null },
    certificates: [
      { name: "kubelet", notAfter: inDays(200) },
      { name: "infra-etcd", notAfter: inDays(200.5) },
      { name: "kubernetes-ca", notAfter: inDays(3500) },
    ],
    etcd: role === "master" ? { kubernetes: member(n, "3.6.16"), infra: member(n, "3.5.35") } : null,
    lock: { holders: [], drainedSeconds: {} },
  };
}

/** CoreDNS' Deployment. */
const coredns: Deployment = { name: "coredns", wanted: 2, replicas: 2, available: 2, obstacle: null };

/** The Node object. */
export function object(name: string, address: string): unknown {
  const role = name.includes("master") ? "master" : "worker";
  return {
    metadata: {
      name,
      labels: { [`node-role.kubernetes.io/${role}`]: "" },
      managedFields: [{ manager: "kubelet", fieldsV1: { "f:status": {} } }],
    },
    spec: {},
    status: {
      addresses: [{ type: "InternalIP", address }],
      conditions: [
        {
          type: "Ready",
          status: "True",
          lastTransitionTime: minutesAgo(3 * 1440),
          message: "kubelet is posting ready status",
        },
      ],
      nodeInfo: { machineID: `machine-${name}`, kubeletVersion: "v1.36.4" },
    },
  };
}

/** A healthy cluster whose answers a test changes in place. They are parsed as if read from the wire. */
export class Situation {
  readonly reports = new Map<string, NodeReport>();
  readonly answers: { -readonly [key in keyof Answers]: Answers[key] };
  readonly objects: ApiNode[];

  constructor() {
    const names = [...masters, ...workers];
    const address = (name: string) => `198.18.0.${names.indexOf(name) + 11}`;
    this.objects = parseNodes(JSON.stringify({ items: names.map((name) => object(name, address(name))) }));
    this.answers = {
      cluster: "dev",
      at: now,
      endpoint: "https://198.18.0.9:6443",
      api: { nodes: this.objects, readiness: [null, null, null], addons: [coredns], refusals: [] },
      nodes: names.map((name) => ({
        name,
        role: name.includes("master") ? "master" : "worker",
        address: address(name),
        answer: { report: parseReport(JSON.stringify(report(name))) },
        dns: { answers: true, silence: null },
      })),
      isPulumiRunning: false,
      renewBefore: 720,
      kubeconfigNotAfter: inDays(200.2),
    };
  }

  /** Changes what a node reports. */
  say(name: string, change: Partial<NodeReport>): this {
    return this.#answer(
      name,
      { report: parseReport(JSON.stringify({ ...report(name), ...this.reports.get(name), ...change })) },
      change,
    );
  }

  /** Changes what every node that answers reports. */
  sayAll(change: Partial<NodeReport>): this {
    for (const { name, answer } of this.answers.nodes) if ("report" in answer) this.say(name, change);
    return this;
  }

  /** Changes what a master reports of its member. */
  member(name: string, which: "kubernetes" | "infra", change: Partial<EtcdReport>): this {
    const etcd = { ...report(name), ...this.reports.get(name) }.etcd!;
    return this.say(name, { etcd: { ...etcd, [which]: { ...etcd[which], ...change } } });
  }

  silence(...names: string[]): this {
    for (const name of names)
      this.#answer(name, { silence: "connect to host 198.18.0.1 port 22: Connection timed out" });
    return this;
  }

  refuse(name: string): this {
    return this.#answer(name, { refusal: "bash: line 6: /run/kubernetes/bin/common: No such file or directory" });
  }

  /** Changes what the API at the elastic IP says. */
  sayApi(change: Partial<ApiAnswer>): this {
    if ("nodes" in this.answers.api) this.answers.api = { ...this.answers.api, ...change };
    return this;
  }

  /** Changes CoreDNS' Deployment. */
  coredns(change: Partial<Deployment>): this {
    return this.sayApi({ addons: [{ ...coredns, ...change }] });
  }

  /** Nodes that get no answer from the cluster's DNS. */
  silenceDns(...names: string[]): this {
    const dns = { answers: false, silence: "no answer from 10.96.0.10" };
    this.answers.nodes = this.answers.nodes.map((node) => (names.includes(node.name) ? { ...node, dns } : node));
    return this;
  }

  silenceApi(): this {
    this.answers.api = { silence: "Unable to connect to the server: net/http: TLS handshake timeout" };
    return this;
  }

  notReady(name: string, minutes: number): this {
    Object.assign(this.object(name).status.conditions[0]!, {
      status: "Unknown",
      lastTransitionTime: minutesAgo(minutes),
      message: "Kubelet stopped posting node status.",
    });
    return this;
  }

  /** A node after its own drain. */
  drained(name: string, minutes: number): this {
    const node = this.object(name);
    node.spec.unschedulable = true;
    node.metadata.annotations[drainAnnotation] = minutesAgo(minutes);
    return this;
  }

  /** @param id a node's name for its machine-id, or `NAME since TIME` */
  lock(id: string): this {
    const node = this.objects.some(({ metadata }) => metadata.name === id);
    const since = / since (\S+)$/.exec(id)?.[1] ?? null;
    return this.sayAll({
      lock: { holders: [{ id: node ? `machine-${id}` : id, node: null, since }], drainedSeconds: {} },
    });
  }

  object(name: string): ApiNode {
    return this.objects.find(({ metadata }) => metadata.name === name)!;
  }

  #answer(name: string, answer: NodeAnswer["answer"], change: Partial<NodeReport> = {}): this {
    if ("report" in answer) this.reports.set(name, { ...report(name), ...this.reports.get(name), ...change });
    this.answers.nodes = this.answers.nodes.map((node) => (node.name === name ? { ...node, answer } : node));
    return this;
  }
}
