/** Our cluster, created by `bin/pulumi up`. */
import { join } from "node:path";
import { dnsServiceAddress } from "../ignition/service-addresses.ts";
import { up } from "../test/sandbox/sandbox.ts";
import { Cluster, Ssh } from "./cluster.ts";
import { watchIdle } from "./idle.ts";
import { phasesOf, type Bootstrapped } from "./phases.ts";
import type { Site } from "./site.ts";

/** Phases, and the lines of `pulumi up` at their ends: the last line that matches counts. */
const ends = [
  ["template, groups, six instances with addresses", /Instance \S+ created/],
  ["certificates, user-data, start of six boots", /Boot \S+ created/],
  ["masters healthy and labelled", /Command \S+-master-\d+-ready created/],
  ["the elastic IP answers", /Command \S+-api-ready created/],
  ["workers Ready and labelled", /Command \S+-worker-\d+-node created/],
  ["CoreDNS", /Deployment \S+ created/],
] as const;

/** The phase that a line of `pulumi up` may end; undefined if it ends none. */
export const phaseIn = (line: string): string | undefined => ends.find(([, pattern]) => pattern.test(line))?.[0];

/** The stack's outputs that are used here. */
interface Outputs {
  readonly kubeconfig: string;
  readonly sshPrivateKey: string;
  readonly nodes: Readonly<Record<string, { readonly address: string }>>;
}

export interface Ours extends Bootstrapped {
  readonly cluster: Cluster;
}

export async function bootstrapOurs(site: Site): Promise<Ours> {
  const { say, isIdleMeasured } = site.options;
  const sandbox = await site.sandbox();
  const { serviceCIDR } = await site.settings();
  say("  our cluster: bin/pulumi up");
  const at = new Map<string, number>();
  const begin = performance.now();
  const onLine = (line: string) => {
    const phase = phaseIn(line);
    if (phase !== undefined) at.set(phase, performance.now());
  };
  await sandbox.stack.must(up, { onLine });
  const ended = performance.now();
  const missing = ends.filter(([name]) => !at.has(name));
  if (missing.length > 0)
    throw new Error(`the output of bin/pulumi up shows no end of: ${missing.map(([name]) => name).join("; ")}`);

  const outputs = JSON.parse(await sandbox.stack.must(["stack", "output", "--json", "--show-secrets"])) as Outputs;
  const cluster = new Cluster({
    nodes: new Map(
      Object.entries(outputs.nodes)
        .map(([name, { address }]) => [name, address])
        .sort() as [string, string][],
    ),
    kubeconfig: outputs.kubeconfig,
    ssh: new Ssh(join(sandbox.directory, "ours"), outputs.sshPrivateKey),
    dnsAddress: dnsServiceAddress(serviceCIDR),
  });
  const asked = performance.now();
  await cluster.untilUsable(60);
  // Reading the outputs does not count: `up` has printed them.
  const checked = performance.now() - asked;
  const phases = phasesOf(begin, [
    ...ends.map(([name]) => [name, at.get(name)!] as const),
    ["end of the command", ended],
    ["done, seen from outside", ended + checked],
  ]);
  const seconds = (ended - begin + checked) / 1000;
  say(`  our cluster: ${seconds.toFixed(1)} s`);
  return {
    seconds,
    phases,
    cluster,
    ...(isIdleMeasured && { idle: await watchIdle(cluster, (name) => name.includes("-master-")) }),
  };
}
