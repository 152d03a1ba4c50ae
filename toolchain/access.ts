/**
 * `access.ts DIRECTORY`: writes what bin/kubectl and bin/ssh need from the stack's outputs:
 * `kubeconfig`, `ssh_config`, `ssh_key`, `known_hosts`. Nobody else may read them.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { root } from "./paths.ts";
import { Failure, main, output } from "./run.ts";

/** A node as the stack's output `nodes` has it. */
export interface NodeOutput {
  readonly address: string;
  readonly role: "master" | "worker";
  /** OpenSSH public key lines: two while the key is replaced. */
  readonly hostKey: string;
}

interface Outputs {
  readonly kubeconfig?: string;
  readonly nodes?: Readonly<Record<string, NodeOutput>>;
  readonly sshPrivateKey?: string;
}

/** A node's name, and without the stack's name: `dev-master-1` is also `master-1`. */
function aliases(name: string, role: string): string[] {
  const at = name.lastIndexOf(`${role}-`);
  return at > 0 ? [name, name.slice(at)] : [name];
}

/** ssh_config(5) with one Host per node; any other name fails with the list of nodes. */
export function sshConfig(nodes: Readonly<Record<string, NodeOutput>>, directory: string): string {
  const names = Object.keys(nodes).sort();
  const hosts = names.map((name) => {
    const { address, role } = nodes[name]!;
    return `Host ${aliases(name, role).join(" ")}\n  HostName ${address}\n  HostKeyAlias ${name}\n`;
  });
  return `${hosts.join("")}Match originalhost "*,${names
    .flatMap((name) => aliases(name, nodes[name]!.role))
    .map((name) => `!${name}`)
    .join(",")}"
  LogLevel QUIET
  ProxyCommand sh -c 'echo "There is no node %n. Nodes: ${names.join(" ")}" >&2; exit 1'
Host *
  User core
  IdentityFile "${join(directory, "ssh_key")}"
  IdentitiesOnly yes
  UserKnownHostsFile "${join(directory, "known_hosts")}"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ConnectTimeout 10
`;
}

/** known_hosts lines with the host keys that the program generated. */
function knownHosts(nodes: Readonly<Record<string, NodeOutput>>): string {
  return Object.entries(nodes)
    .flatMap(([name, { hostKey }]) =>
      hostKey
        .trim()
        .split("\n")
        .map((line) => `${name} ${line.trim()}\n`),
    )
    .join("");
}

/** Writes files, each in one piece, because several commands may do so at the same time, and disks may be full. */
async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomic(join(directory, name), content, { mode: 0o600 }).catch((error: Error) => {
      throw new Failure(`${join(directory, name)} cannot be written, and is as it was: ${error.message}`);
    });
  }
}

if (import.meta.main) {
  await main(async () => {
    const directory = process.argv[2]!;
    const text = await output(join(root, "bin", "pulumi"), ["stack", "output", "--json", "--show-secrets"]);
    const { kubeconfig, nodes, sshPrivateKey } = JSON.parse(text) as Outputs;
    if (!kubeconfig || !nodes || !sshPrivateKey)
      throw new Failure("The selected stack has no cluster yet. Type: bin/pulumi up");
    await writeFiles(directory, {
      kubeconfig,
      ssh_key: sshPrivateKey,
      known_hosts: knownHosts(nodes),
      ssh_config: sshConfig(nodes, directory),
    });
  });
}
