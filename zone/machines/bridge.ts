/** The public network of the zone's machines: a bridge that the engine creates and connects them to. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "./container.ts";
import { ofZone } from "./context.ts";
import { run } from "../command.ts";

/** Name of the bridge's interface on the host. */
export const bridgeName = (network: string): string => `${network}0`;

const interfaceOption = "com.docker.network.bridge.name";

/**
 * Creates the network, or checks that the existing one is this zone's.
 *
 * @param subnet CIDR
 * @param gateway the host's address in it
 * @throws Error if the name or the bridge belongs to another program or zone, or the network has other addresses
 */
export async function ensureNetwork(
  docker: Docker,
  zone: string,
  name: string,
  subnet: string,
  gateway: string,
): Promise<void> {
  const bridge = bridgeName(name);
  const networks = await docker.listNetworks();
  const same = networks.find((network) => network.Name === name || network.Options?.[interfaceOption] === bridge);
  if (same) {
    const [pool] = same.IPAM?.Config ?? [];
    if (same.Labels?.[labels.zone] !== zone) {
      throw new Error(
        `the Docker network ${same.Name} (bridge ${bridge}) is not this zone's, or its state directory was moved: give the zone another network name, move its state back, or remove the network with \`docker network rm ${same.Name}\``,
      );
    }
    if (pool?.Subnet !== subnet || pool.Gateway !== gateway) {
      throw new Error(
        `this zone's network is ${pool?.Subnet}, not ${subnet}: instances keep their addresses; take the zone down to change it`,
      );
    }
    return;
  }
  await removeLeftover(bridge);
  await docker.createNetwork({
    Name: name,
    Driver: "bridge",
    CheckDuplicate: true,
    Labels: { [labels.zone]: zone },
    IPAM: { Driver: "default", Config: [{ Subnet: subnet, Gateway: gateway }] },
    Options: {
      [interfaceOption]: bridge,
      // Isolation and masquerading are up to the zone's own rules.
      "com.docker.network.bridge.enable_icc": "true",
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    },
  });
}

/** Removes a bridge that was left over: the engine would take it for the user's own and never remove it. */
async function removeLeftover(bridge: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${bridge}`)) return;
  let ports = await portsOf(bridge);
  // Ports of machines that have just ended disappear by themselves.
  for (let waited = 0; ports.length > 0 && ports.every(({ down }) => down) && waited < 100; waited++) {
    for (const port of ports.filter(({ lost }) => lost)) await run("ip", ["link", "delete", port.name]);
    await sleep(100);
    ports = await portsOf(bridge);
  }
  if (ports.length > 0) {
    throw new Error(
      `interface ${bridge} is in use (${ports.map(({ name }) => name).join(", ")}): another zone runs here; give this one another network name`,
    );
  }
  await run("ip", ["link", "delete", bridge]);
}

interface Port {
  readonly name: string;
  readonly down: boolean;
  /** True if it is a veth whose other end is back on the host, left over from a killed engine. */
  readonly lost: boolean;
}

async function portsOf(bridge: string): Promise<Port[]> {
  if (!existsSync(`/sys/class/net/${bridge}/bridge`)) return [{ name: "itself no bridge", down: false, lost: false }];
  const listed = JSON.parse((await run("ip", ["-json", "link", "show", "master", bridge])) || "[]") as {
    ifname: string;
    link?: string;
    operstate: string;
  }[];
  return listed.map(({ ifname, link, operstate }) => {
    const down = operstate !== "UP";
    return { name: ifname, down, lost: down && link?.startsWith("veth") === true };
  });
}

/** Removes the zone's network and its bridge; a bridge without this zone's network belongs to another program. */
export async function removeNetworks(docker: Docker, zone: string, name: string): Promise<void> {
  const own = await docker.listNetworks({ filters: ofZone(zone) });
  for (const { Id } of own) {
    const network = docker.getNetwork(Id);
    // After a crash, the engine may list machines that no longer exist.
    const { Containers } = (await network.inspect()) as { Containers?: Record<string, unknown> };
    for (const Container of Object.keys(Containers ?? {}))
      await network.disconnect({ Container, Force: true }).catch(() => {});
    await network.remove();
  }
  if (own.length > 0) await removeLeftover(bridgeName(name));
}
