/** The one network of the zone's machines: a bridge that the engine makes and plugs them into. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "./container.ts";
import { run } from "../command.ts";

/** Name of the bridge's interface on the host. */
export const bridgeName = (network: string): string => `${network}0`;

const interfaceOption = "com.docker.network.bridge.name";

/**
 * Makes the network, or checks that the one of its name is this zone's.
 * @param subnet CIDR
 * @param gateway the host's address in it
 * @throws when the name, the bridge or the addresses are somebody else's
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
      // Who may talk to whom, and under which address machines leave the host, is for the zone's own rules.
      "com.docker.network.bridge.enable_icc": "true",
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    },
  });
}

/** The engine would take a bridge that is there for the user's own and never remove it. */
async function removeLeftover(bridge: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${bridge}`)) return;
  let ports = await portsOf(bridge);
  // Those of machines that have just ended go by themselves.
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
  /** Whether it is a cable that an engine has lost: its other end is back on the host. */
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

/** Removes the zone's network and its bridge; a bridge of that name without this zone's network is somebody else's. */
export async function removeNetworks(docker: Docker, zone: string, name: string): Promise<void> {
  const own = await docker.listNetworks({ filters: { label: [`${labels.zone}=${zone}`] } });
  for (const { Id } of own) {
    const network = docker.getNetwork(Id);
    // An engine that was killed may count machines that are gone.
    const { Containers } = (await network.inspect()) as { Containers?: Record<string, unknown> };
    for (const Container of Object.keys(Containers ?? {}))
      await network.disconnect({ Container, Force: true }).catch(() => {});
    await network.remove();
  }
  if (own.length > 0) await removeLeftover(bridgeName(name));
}
