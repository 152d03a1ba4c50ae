/** Six machines for a kubeadm cluster, created through the zone's API. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Settings } from "../../config/index.ts";
import { encodeUserData } from "../../exoscale/user-data.ts";
import { files } from "../../versions.ts";
import type { Client } from "../../zone/testing/client.ts";
import { makeSecrets, type Role } from "./documents.ts";
import { renderKubeadmNode } from "./node.ts";

export interface KubeadmMachine {
  readonly name: string;
  readonly role: Role;
  readonly id: string;
  readonly address: string;
}

export interface MachinesArgs {
  readonly api: Client;
  /** Our cluster's settings: sizes, template, networks and mirror are the same. */
  readonly settings: Settings;
  /** User core's key, one line in OpenSSH's format. */
  readonly publicKey: string;
  /** The program's local file, for its checksum. */
  readonly kubeadm: string;
}

const names: readonly (readonly [string, Role])[] = [
  ["kubeadm-master-1", "first"],
  ["kubeadm-master-2", "master"],
  ["kubeadm-master-3", "master"],
  ["kubeadm-worker-1", "worker"],
  ["kubeadm-worker-2", "worker"],
  ["kubeadm-worker-3", "worker"],
];
const NAME = "kubeadm";

interface InstanceTypes {
  readonly "instance-types": readonly { readonly id: string; readonly family: string; readonly size: string }[];
}

/** A security group, template or SSH key. */
interface Left {
  readonly id?: string;
  readonly name: string;
  readonly rules?: readonly { readonly id: string }[];
}

/** kubeadm's path in the mirror, the same as upstream's. */
export const kubeadmAddress = files.kubelet.address.replace(/kubelet$/, "kubeadm");

/** Creates and starts the first machine, whose address the others need, then the others at the same time. */
export async function startMachines({ api, settings, publicKey, kubeadm }: MachinesArgs): Promise<KubeadmMachine[]> {
  const [template, group, , types] = await Promise.all([
    api.operate("POST", "/template", {
      name: NAME,
      url: settings.template.url,
      checksum: settings.template.checksum,
      "boot-mode": settings.template.bootMode,
      "default-user": "core",
      "ssh-key-enabled": true,
      "password-enabled": false,
    }),
    openGroup(api, settings),
    api.operate("POST", "/ssh-key", { name: NAME, "public-key": publicKey }),
    api.get("/instance-type") as Promise<InstanceTypes>,
  ]);
  const secrets = makeSecrets();
  const typeId = (wanted: string): string =>
    types["instance-types"].find(({ family, size }) => `${family}.${size}` === wanted)!.id;
  const { podCIDR, serviceCIDR, mirror } = settings;
  const program = {
    url: `${mirror.files}/${kubeadmAddress}`,
    sha256: createHash("sha256").update(readFileSync(kubeadm)).digest("hex"),
  };

  async function start(name: string, role: Role, endpoint: string): Promise<KubeadmMachine> {
    const userData = renderKubeadmNode({
      name,
      role,
      endpoint,
      secrets,
      podCIDR,
      serviceCIDR,
      mirror,
      kubeadm: program,
    });
    const isWorker = role === "worker";
    const id = await api.operate("POST", "/instance", {
      name,
      template: { id: template },
      "user-data": encodeUserData(userData),
      "ssh-keys": [{ name: NAME }],
      "security-groups": [{ id: group }],
      "instance-type": { id: typeId(isWorker ? settings.workerType : settings.masterType) },
      "disk-size": isWorker ? settings.workerDisk : settings.masterDisk,
    });
    const { "public-ip": address } = (await api.get(`/instance/${id}`)) as { "public-ip": string };
    return { name, role, id, address };
  }

  const [first, ...others] = names;
  const master = await start(...first!, "");
  return [master, ...(await Promise.all(others.map(([name, role]) => start(name, role, master.address))))];
}

/** Creates one security group for all, open to itself, to SSH and to users of the API. */
async function openGroup(api: Client, { sshSources, apiSources }: Settings): Promise<string> {
  const group = await api.operate("POST", "/security-group", { name: NAME });
  const rule = (protocol: string, first: number, last: number, peer: object) =>
    api.operate("POST", `/security-group/${group}/rules`, {
      "flow-direction": "ingress",
      protocol,
      "start-port": first,
      "end-port": last,
      ...peer,
    });
  for (const protocol of ["tcp", "udp"]) await rule(protocol, 1, 65535, { "security-group": { id: group } });
  for (const network of sshSources) await rule("tcp", 22, 22, { network });
  for (const network of apiSources) await rule("tcp", 6443, 6443, { network });
  return group;
}

/** Removes everything that `startMachines` created, even if it was interrupted. */
export async function removeMachines(api: Client): Promise<void> {
  const { instances } = (await api.get("/instance")) as { instances: { id: string; name: string }[] };
  const own = instances.filter(({ name }) => names.some(([known]) => known === name));
  await Promise.all(own.map(({ id }) => api.operate("DELETE", `/instance/${id}`)));
  const kinds = [
    ["/security-group", "security-groups"],
    ["/template?visibility=private", "templates"],
    ["/ssh-key", "ssh-keys"],
  ] as const;
  for (const [path, field] of kinds) {
    const { [field]: all = [] } = (await api.get(path)) as Record<string, Left[]>;
    for (const { id, name, rules = [] } of all.filter(({ name }) => name === NAME)) {
      // A group cannot be deleted while one of its own rules names it.
      for (const rule of rules) await api.operate("DELETE", `/security-group/${id}/rules/${rule.id}`);
      await api.operate("DELETE", `${path.split("?")[0]}/${id ?? name}`);
    }
  }
}
