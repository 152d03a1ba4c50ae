/** The host's side of the network: kernel settings, addresses that the host answers for, tables, connections. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { run } from "../command.ts";
import type { Lost } from "./elastic.ts";
import type { Layout } from "./layout.ts";
import { renderRemoval } from "./ruleset.ts";

/**
 * Turns on the kernel settings of the whole host that the zone needs. They stay on, because other programs, e.g. Docker,
 * need them, too.
 *
 * @throws Error that names what is missing or cannot be set
 */
export async function prepareKernel(): Promise<void> {
  // Needed only when a holder fails: report now if it is missing.
  await run("conntrack", ["--version"]);
  // May fail if it is built into the kernel or already loaded.
  await run("modprobe", ["br_netfilter"]).catch(() => {});
  if (!existsSync("/proc/sys/net/bridge/bridge-nf-call-iptables")) {
    throw new Error("security groups need the kernel's br_netfilter, which is not there: modprobe br_netfilter");
  }
  await sysctl("net/ipv4/ip_forward", "1", "instances reach the outside only through a host that forwards");
}

/** Makes the bridge's frames pass the packet filter, whatever the host's setting for other bridges. */
export async function filterBridge({ bridge }: Layout): Promise<void> {
  const switches = ["nf_call_iptables", "nf_call_ip6tables"];
  const values = await Promise.all(
    switches.map((name) => readFile(`/sys/class/net/${bridge}/bridge/${name}`, "utf8").catch(() => "0")),
  );
  if (values.every((value) => value.trim() === "1")) return;
  await run("ip", ["link", "set", "dev", bridge, "type", "bridge", ...switches.flatMap((name) => [name, "1"])]);
}

async function sysctl(name: string, value: string, why: string): Promise<void> {
  const file = `/proc/sys/${name}`;
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before?.trim() === value) return;
  await writeFile(file, `${value}\n`).catch((cause: Error) => {
    throw new Error(`${file} cannot be set to ${value} (${cause.message}): ${why}`, { cause });
  });
}

/** Loads a text from `renderRuleset` in one transaction. */
export const loadRuleset = (ruleset: string): Promise<unknown> => run("nft", ["-f", "-"], { input: ruleset });

/** The zone's tables as the kernel lists them; undefined if one is missing. */
export async function listRuleset({ bridge }: Layout): Promise<string | undefined> {
  const tables = ["inet", "bridge"].map((family) => run("nft", ["--stateless", "list", "table", family, bridge]));
  return Promise.all(tables).then(
    (texts) => texts.join(""),
    () => undefined,
  );
}

/** Removes the zone's tables, if they exist. */
export const unloadRuleset = ({ bridge }: Layout): Promise<unknown> => loadRuleset(renderRemoval(bridge));

/**
 * Makes the host answer for exactly `addresses` on the bridge, in addition to its own.
 *
 * It adds local routes instead of addresses: the host answers ARP and accepts the packets, but what it sends itself keeps
 * the gateway's address as its source, by which security groups identify the host.
 */
export async function answerFor(addresses: ReadonlySet<string>, { bridge, gateway }: Layout): Promise<void> {
  const listed = await run("ip", [
    "-json",
    "route",
    "show",
    "table",
    "local",
    "type",
    "local",
    "dev",
    bridge,
    "proto",
    "static",
  ]);
  const present = new Set((JSON.parse(listed || "[]") as { dst: string }[]).map(({ dst }) => dst));
  const add = [...addresses].filter((address) => !present.has(address));
  const remove = [...present].filter((address) => !addresses.has(address));
  const batch = [
    ...remove.map((address) => `route del local ${address} dev ${bridge} table local proto static`),
    ...add.map((address) => `route replace local ${address} dev ${bridge} table local proto static src ${gateway}`),
  ];
  if (batch.length > 0) await run("ip", ["-batch", "-"], { input: `${batch.join("\n")}\n` });
}

/**
 * Makes conntrack forget the connections through a former target. Their next packets count as new connections and go to
 * another holder, which resets them: clients notice immediately instead of after their timeout.
 */
export async function forgetConnections({ elasticIp, holder }: Lost): Promise<void> {
  // Exit code 1: there were none.
  await run("conntrack", ["-D", "--orig-dst", elasticIp, "--reply-src", holder], { accept: [0, 1] });
}

/** @throws Error if the zone's bridge does not exist or does not have the gateway's address */
export async function requireBridge({ bridge, gateway }: Layout): Promise<void> {
  const listed = await run("ip", ["-json", "-4", "addr", "show", "dev", bridge]).catch(() => undefined);
  if (listed === undefined)
    throw new Error(`the zone's bridge ${bridge} is not there: machines make it, open them first`);
  const [link] = JSON.parse(listed) as { addr_info: { local: string }[] }[];
  if (!link?.addr_info.some(({ local }) => local === gateway))
    throw new Error(`the zone's bridge ${bridge} does not have the address ${gateway}`);
}

/** Removes an interface, if it exists; it may disappear at the same time. */
export async function deleteLink(name: string): Promise<void> {
  const there = (): boolean => existsSync(`/sys/class/net/${name}`);
  if (!there()) return;
  await run("ip", ["link", "delete", name]).catch((error: unknown) => {
    if (there()) throw error;
  });
}
