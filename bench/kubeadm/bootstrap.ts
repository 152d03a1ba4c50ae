/** kubeadm's cluster: six machines that set themselves up from user-data, the first by `init`, the others by `join`. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import ssh2 from "ssh2";
import { dnsServiceAddress } from "../../ignition/service-addresses.ts";
import { root } from "../../toolchain/paths.ts";
import { Cluster, Ssh } from "../cluster.ts";
import { watchIdle } from "../idle.ts";
import { phasesOf, type Bootstrapped, type Phase } from "../phases.ts";
import type { Site } from "../site.ts";
import { removeMachines, startMachines, type KubeadmMachine } from "./machines.ts";

/** Timeout of each wait, in seconds. */
const LIMIT = 600;

export async function bootstrapKubeadm(site: Site): Promise<Bootstrapped> {
  const { say, isIdleMeasured } = site.options;
  const [sandbox, settings] = [await site.sandbox(), await site.settings()];
  const { api } = sandbox.zone;
  const keys = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const ssh = new Ssh(join(sandbox.directory, "kubeadm"), keys.private);
  say("  kubeadm's cluster: six machines");
  try {
    const begin = Date.now();
    const machines = await startMachines({
      api,
      settings,
      publicKey: keys.public,
      kubeadm: join(root, ".local/bin/kubeadm"),
    });
    const started = Date.now();
    const cluster = new Cluster({
      nodes: new Map(machines.map(({ name, address }) => [name, address])),
      kubeconfig: await kubeconfig(ssh, machines[0]!.address),
      ssh,
      dnsAddress: dnsServiceAddress(settings.serviceCIDR),
    });
    await Promise.all([cluster.untilUsable(LIMIT), ...machines.map(({ name }) => untilJoined(cluster, name))]).catch(
      async (error: Error) => {
        throw new Error(`${error.message}\n${await journals(ssh, machines)}`);
      },
    );
    const end = Date.now();
    const phases = await phasesAfter({ cluster, machines, begin, started, end, say });
    say(`  kubeadm's cluster: ${((end - begin) / 1000).toFixed(1)} s`);
    return {
      seconds: (end - begin) / 1000,
      phases,
      ...(isIdleMeasured && { idle: await watchIdle(cluster, (name) => name.includes("-master-")) }),
    };
  } finally {
    await removeMachines(api);
    // Leaves no pending writes to the next measurement.
    await execa("sync");
  }
}

/** Waits until `kubeadm join` has ended: a master is Ready before its etcd has joined. */
async function untilJoined(cluster: Cluster, name: string): Promise<void> {
  const end = performance.now() + LIMIT * 1000;
  while (
    !(await cluster.on(name, "grep --quiet joined /run/kubernetes/steps").then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > end) throw new Error(`kubeadm join of ${name} did not end within ${LIMIT} s`);
    await sleep(500);
  }
}

/** The administrator's kubeconfig once `kubeadm init` has ended, with the first master's address as server. */
async function kubeconfig(ssh: Ssh, address: string): Promise<string> {
  const end = performance.now() + LIMIT * 1000;
  for (;;) {
    // The last step before others may join.
    const text = await ssh
      .run(address, "sudo grep --quiet joined /run/kubernetes/steps && sudo cat /etc/kubernetes/admin.conf")
      .catch((error: Error) => error);
    if (typeof text === "string") return text.replace(/server: .*/, `server: https://${address}:6443`);
    if (performance.now() > end) {
      throw new Error(`kubeadm init did not end within ${LIMIT} s (${text.message})\n${await journal(ssh, address)}`);
    }
    await sleep(500);
  }
}

interface Course {
  readonly cluster: Cluster;
  readonly machines: readonly KubeadmMachine[];
  /** Milliseconds since 1970; the machines share the host's clock. */
  readonly begin: number;
  readonly started: number;
  readonly end: number;
  readonly say: (line: string) => void;
}

async function phasesAfter({ cluster, machines, begin, started, end, say }: Course): Promise<Phase[]> {
  const steps = await Promise.all(
    machines.map(async ({ name, role }) => {
      const lines = (await cluster.on(name, "cat /run/kubernetes/steps")).split("\n").map((line) => line.split(" "));
      const failed = lines.filter(([each]) => each === "failed").length;
      if (failed > 0) say(`  kubeadm failed ${failed} times on ${name} and was retried`);
      return { role, at: (step: string) => Number(lines.findLast(([each]) => each === step)?.[1]) * 1000 };
    }),
  );
  const last = (step: string, ...roles: KubeadmMachine["role"][]) =>
    Math.max(...steps.filter(({ role }) => roles.includes(role)).map(({ at }) => at(step)));
  return phasesOf(begin, [
    ["template, group, start of six instances", started],
    ["machines boot and fetch programs", last("installed", "first")],
    ["kubeadm init", last("joined", "first")],
    ["workers have joined", last("joined", "worker")],
    ["masters have joined", last("joined", "master")],
    ["all Ready", Math.max(...(await cluster.readySince()).values())],
    ["CoreDNS, seen from outside", end],
  ]);
}

async function journals(ssh: Ssh, machines: readonly KubeadmMachine[]): Promise<string> {
  return (
    await Promise.all(machines.map(async ({ name, address }) => `${name}:\n${await journal(ssh, address)}`))
  ).join("\n");
}

const journal = (ssh: Ssh, address: string): Promise<string> =>
  ssh
    .run(address, "sudo journalctl --no-pager --lines 25 --unit kubeadm --unit cni-config --unit exoscale-cloudinit")
    .catch((error: Error) => error.message);
