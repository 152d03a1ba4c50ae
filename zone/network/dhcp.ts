/**
 * The DHCP server of a managed private network. It runs in its own network namespace, connected to the network like a
 * machine: the host needs no address there, and its routes and other private networks with the same range do not matter.
 */
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dhcpServerAddress } from "../addresses.ts";
import { prefixOf } from "../ipv4.ts";
import type { AddressRange, DhcpOptions } from "../types.ts";
import { run } from "../command.ts";
import { deleteLink } from "./host.ts";
import type { Layout } from "./layout.ts";
import { endLeftover } from "../services/process.ts";
import { Service } from "../services/service.ts";

export interface DhcpSettings {
  readonly range: AddressRange;
  readonly options?: DhcpOptions;
  /** Only these interfaces get an address. */
  readonly leases: readonly { readonly mac: string; readonly ip: string }[];
}

export interface DhcpServer {
  stop(): Promise<void>;
}

export interface DhcpRequest {
  readonly layout: Layout;
  /** The private network's. */
  readonly bridge: string;
  /** The network's name, for messages. */
  readonly name: string;
  readonly settings: DhcpSettings;
  /** Directory for its log. */
  readonly state: string;
  readonly log: (line: string) => void;
}

/** Starts dnsmasq and resolves when it answers. Removes an earlier one. */
export async function startDhcp({ layout, bridge, name, settings, state, log }: DhcpRequest): Promise<DhcpServer> {
  await removeDhcp(layout, bridge);
  const hosts = hostsFile(layout, bridge);
  await writeFile(hosts, settings.leases.map(({ mac, ip }) => `${mac},${ip}\n`).join(""));
  await makeNamespace(bridge, settings.range);
  const service = await Service.start({
    name: `DHCP of the private network ${name}`,
    command: "dnsmasq",
    args: dnsmasqArguments(settings, hosts),
    namespace: bridge,
    pidFile: pidFile(layout, bridge),
    logFile: join(state, `dhcp-${bridge}.log`),
    ready: isListening,
    log,
  }).catch(async (error: unknown) => {
    await removeDhcp(layout, bridge);
    throw error;
  });
  return {
    stop: async () => {
      await service.stop();
      await removeDhcp(layout, bridge);
    },
  };
}

/** Ends a private network's DHCP server, if there is one, and removes all traces of it from this host. */
export async function removeDhcp(layout: Layout, bridge: string): Promise<void> {
  await endLeftover(pidFile(layout, bridge));
  await rm(hostsFile(layout, bridge), { force: true });
  // The veth pair first: the kernel would remove it with the namespace, but later.
  await deleteLink(hostEnd(bridge));
  if (existsSync(`/run/netns/${bridge}`)) await run("ip", ["netns", "delete", bridge]);
}

/** Serves a static list of interfaces, with Exoscale's options only: no router and no resolver unless they are set. */
export function dnsmasqArguments({ range, options = {} }: DhcpSettings, hosts: string): string[] {
  const { routers = [], dnsServers = [], ntpServers = [], domainSearch = [] } = options;
  const option = (name: string, values: readonly string[]): string =>
    `--dhcp-option=${[`option:${name}`, ...values].join()}`;
  return [
    "--keep-in-foreground",
    "--log-facility=-",
    "--conf-file=/dev/null",
    "--pid-file",
    "--port=0",
    "--interface=eth0",
    "--bind-interfaces",
    "--dhcp-authoritative",
    "--leasefile-ro",
    `--dhcp-range=${range.start},static,${range.netmask},1h`,
    `--dhcp-hostsfile=${hosts}`,
    option("router", routers),
    option("dns-server", dnsServers),
    ...(ntpServers.length === 0 ? [] : [option("ntp-server", ntpServers)]),
    ...(domainSearch.length === 0 ? [] : [option("domain-search", domainSearch)]),
  ];
}

async function makeNamespace(bridge: string, range: AddressRange): Promise<void> {
  await run("ip", ["netns", "add", bridge]);
  await run("ip", ["link", "add", hostEnd(bridge), "type", "veth", "peer", "name", "eth0", "netns", bridge]);
  await run("ip", ["link", "set", hostEnd(bridge), "master", bridge, "up"]);
  const inside = [
    "link set eth0 addrgenmode none",
    "link set lo up",
    "link set eth0 up",
    `address add ${dhcpServerAddress(range)}/${prefixOf(range.netmask)} dev eth0`,
  ];
  await run("ip", ["-n", bridge, "-batch", "-"], { input: `${inside.join("\n")}\n` });
}

/** True if a socket in the process's network namespace is bound to the DHCP server's port (67, 0x43). */
const isListening = async (pid: number): Promise<boolean> =>
  /^\s*\d+: 00000000:0043 /m.test(await readFile(`/proc/${pid}/net/udp`, "utf8").catch(() => ""));

/** The host's end of the veth pair to the DHCP server. */
const hostEnd = (bridge: string): string => bridge.replace(/^pn/, "pd");

/** In the runtime directory, because dnsmasq's unprivileged user has to read it. */
const hostsFile = ({ runtime }: Layout, bridge: string): string => join(runtime, `dhcp-${bridge}.hosts`);

const pidFile = ({ runtime }: Layout, bridge: string): string => join(runtime, `dhcp-${bridge}.pid`);
