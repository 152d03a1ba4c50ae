/** Reads the selected stack's nodes and credentials from the files that bin/ssh and bin/kubectl use. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMap, parse, parseDocument } from "yaml";
import { schema } from "../config/schema.ts";
import { ownBackend, root } from "../toolchain/paths.ts";
import { Failure, output, TimedOut } from "../toolchain/run.ts";
import { isElsewhere, isPulumi, locks } from "../toolchain/state.ts";
import type { Role } from "./answers.ts";

export interface Stack {
  /** Its name, the prefix of every node's. */
  readonly name: string;
  /** The Kubernetes API's URL. */
  readonly endpoint: string;
  readonly nodes: readonly StackNode[];
  /** For kubectl. */
  readonly kubeconfig: string;
  /** When its certificate expires, ISO 8601. */
  readonly kubeconfigNotAfter: string;
  /** For ssh. */
  readonly sshConfig: string;
}

export interface StackNode {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
  readonly users: readonly { readonly user: { readonly "client-certificate-data": string } }[];
}

/**
 * @param stack default: the one that bin/kubectl and bin/ssh use
 * @throws Failure if there is no cluster
 */
export async function readStack(stack?: string): Promise<Stack> {
  const script = 'set -eu; root=$1; . "$root/toolchain/access.sh"; printf %s "$access"';
  const env = stack === undefined ? {} : { PULUMI_STACK: stack };
  // The CLI waits forever for a backend that is out of reach.
  const options = { env, timeout: 60_000 };
  const directory = await output("sh", ["-c", script, "sh", root], options).catch((error: unknown) => {
    if (error instanceof TimedOut) throw new Failure("Reading the stack's outputs took more than 60 s.");
    throw error;
  });
  const [kubeconfig, sshConfig] = [join(directory, "kubeconfig"), join(directory, "ssh_config")];
  const nodes = nodesIn(await readFile(sshConfig, "utf8"));
  if (nodes.length === 0) throw new Failure("The selected stack has no nodes. Type: bin/pulumi up");
  const { clusters, users } = parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
  const certificate = Buffer.from(users[0]!.user["client-certificate-data"], "base64");
  return {
    name: nodes[0]!.name.replace(/-(master|worker)-\d+$/, ""),
    endpoint: clusters[0]!.cluster.server,
    nodes,
    kubeconfig,
    sshConfig,
    kubeconfigNotAfter: new X509Certificate(certificate).validToDate.toISOString(),
  };
}

/** The nodes of an ssh_config as `toolchain/access.ts` writes it. */
export function nodesIn(sshConfig: string): StackNode[] {
  const hosts = sshConfig.matchAll(/^Host (\S+-(master|worker)-\d+) .*\n {2}HostName (\S+)$/gm);
  return [...hosts]
    .map(([, name, role, address]) => ({ name: name!, role: role as Role, address: address! }))
    .sort((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** The stack's setting `renewBefore`, hours. */
export async function renewBefore(stack: string): Promise<number> {
  return renewBeforeIn(await readFile(join(root, `Pulumi.${stack}.yaml`), "utf8").catch(() => ""));
}

/** The same of a stack's configuration file. A value that cannot be used, which `pulumi up` refuses, counts as none. */
export function renewBeforeIn(file: string): number {
  const { renewBefore } = schema.shape;
  const { contents } = parseDocument(file);
  const value: unknown = isMap(contents) ? contents.getIn(["config", "kubernetes:renewBefore"]) : undefined;
  return renewBefore.safeParse(value).data ?? renewBefore.parse(undefined);
}

/**
 * Whether a Pulumi run is active on the stack; null for any backend but this checkout's, for another machine's run, and
 * where there is no /proc.
 */
export async function isPulumiRunning(stack: string): Promise<boolean | null> {
  if (process.env["PULUMI_BACKEND_URL"] || process.platform !== "linux") return null;
  const held = await locks(ownBackend, stack);
  return held.some(isElsewhere) ? null : held.some(({ pid }) => isPulumi(pid));
}
