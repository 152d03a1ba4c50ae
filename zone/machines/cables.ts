/** A machine's interfaces in private networks: veth pairs from eth1, eth2, ... in the guest to bridges on the host. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import { privateBridge } from "../network/layout.ts";
import type { Instance } from "../types.ts";
import { run } from "../command.ts";

const interfaces = "/sys/class/net";

const short = (text: string, length: number): string =>
  createHash("sha256").update(text).digest("base64url").slice(0, length);

/** Prefix of the host's ends of an instance's veth pairs; an interface's name has at most 15 characters. */
const prefixOf = (bridge: string, instanceId: string): string => `x${short(`${bridge}/${instanceId}`, 6)}`;

/** @throws Error if a private network of the instance has no bridge */
export function requireBridges(bridge: string, instance: Pick<Instance, "privateNetworks">): void {
  for (const { network } of instance.privateNetworks) {
    const name = privateBridge(bridge, network);
    if (!existsSync(`${interfaces}/${name}`))
      throw new Error(
        `private network ${network} has no bridge ${name} on this host: the zone's network makes it before machines are plugged in`,
      );
  }
}

/**
 * Makes a running guest's private interfaces those of `instance.privateNetworks`, in their order. The kernel removes them
 * with the guest's network namespace, also at a reboot. The namespace is part of the names of the host's ends, so that
 * one that is about to disappear is not mistaken for a new one.
 *
 * @param bridge the zone's bridge
 * @param pid of a process in the guest's network namespace, as seen by the host
 * @throws Error if a private network has no bridge
 */
export async function plugCables(
  bridge: string,
  pid: number,
  instance: Pick<Instance, "id" | "privateNetworks">,
): Promise<void> {
  requireBridges(bridge, instance);
  const prefix = prefixOf(bridge, instance.id);
  const namespace = await readlink(`/proc/${pid}/ns/net`);
  const wanted = new Map(
    instance.privateNetworks.map(
      (attachment) => [prefix + short(`${attachment.network}/${attachment.mac}/${namespace}`, 8), attachment] as const,
    ),
  );
  const present = (await readdir(interfaces)).filter((name) => name.startsWith(prefix));
  for (const name of present.filter((name) => !wanted.has(name))) {
    await run("ip", ["link", "delete", name]).catch((error: unknown) => {
      if (existsSync(`${interfaces}/${name}`)) throw error;
    });
  }
  for (const [name, { network, mac }] of wanted) {
    if (!present.includes(name)) {
      const peer = ["peer", "name", await nextName(pid), "address", mac, "netns", String(pid)];
      await run("ip", ["link", "add", "name", name, "type", "veth", ...peer]);
    }
    await run("ip", ["link", "set", name, "master", privateBridge(bridge, network), "up"]);
  }
}

/** The guest's first free name after eth0, the public interface. */
async function nextName(pid: number): Promise<string> {
  const taken = await readFile(`/proc/${pid}/net/dev`, "utf8");
  for (let n = 1; ; n++) if (!new RegExp(`^\\s*eth${n}:`, "m").test(taken)) return `eth${n}`;
}
