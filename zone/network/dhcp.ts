/**
 * The DHCP server of a managed private network. It lives in a network namespace of its own, plugged into the network
 * like a machine: the host has no address there, and neither its routes nor another private network of the same range
 * come into it.
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
  /** Each interface gets its address and nobody else one. */
  readonly leases: readonly { readonly mac: string; readonly ip: string }[];
}

export interface DhcpServer {
  stop(): Promise<void>;
}

export interface DhcpRequest {
  readonly layout: Layout;
  /** Of the private network. */
  readonly bridge: string;
  /** The network's name, for messages. */
  readonly name: string;
  readonly settings: DhcpSettings;
  /** Directory for its log. */
  readonly state: string;
  readonly log: (line: string) => void;
}

/** Starts dnsmasq, which answers when this resolves; what was there of an earlier one goes. */
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

/** Ends a private network's DHCP server and removes all it has on this host, there or not. */
export async function removeDhcp(layout: Layout, bridge: string): Promise<void> {
  await endLeftover(pidFile(layout, bridge));
  await rm(hostsFile(layout, bridge), { force: true });
  // The cable first: a namespace takes its own along, but later.
  await deleteLink(cable(bridge));
  if (existsSync(`/run/netns/${bridge}`)) await run("ip", ["netns", "delete", bridge]);
}

/** Addresses from a list of known interfaces, and of the options those that Exoscale has: no router, no resolver by itself. */
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
  await run("ip", ["link", "add", cable(bridge), "type", "veth", "peer", "name", "eth0", "netns", bridge]);
  await run("ip", ["link", "set", cable(bridge), "master", bridge, "up"]);
  const inside = [
    "link set eth0 addrgenmode none",
    "link set lo up",
    "link set eth0 up",
    `address add ${dhcpServerAddress(range)}/${prefixOf(range.netmask)} dev eth0`,
  ];
  await run("ip", ["-n", bridge, "-batch", "-"], { input: `${inside.join("\n")}\n` });
}

/** Whether a process's network namespace has somebody at the DHCP server's port. */
const isListening = async (pid: number): Promise<boolean> =>
  /^\s*\d+: 00000000:0043 /m.test(await readFile(`/proc/${pid}/net/udp`, "utf8").catch(() => ""));

/** The host's end of the DHCP server's cable. */
const cable = (bridge: string): string => bridge.replace(/^pn/, "pd");

/** In the runtime directory, which dnsmasq's unprivileged user can read. */
const hostsFile = ({ runtime }: Layout, bridge: string): string => join(runtime, `dhcp-${bridge}.hosts`);

const pidFile = ({ runtime }: Layout, bridge: string): string => join(runtime, `dhcp-${bridge}.pid`);
