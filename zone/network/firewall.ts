/**
 * Other firewalls of this host: Docker's, ufw's, the administrator's. A packet passes only if all of them accept it. If
 * one drops forwarded packets by default, as Docker does, instances cannot reach each other. So the zone adds rules to
 * them that accept its packets, which the zone's own rules filter.
 */
import { run } from "../command.ts";
import type { Layout } from "./layout.ts";

/** Packets at a hook, by the interfaces where they enter and leave. */
export interface Passage {
  readonly hook: "forward" | "input";
  readonly from?: string;
  readonly to?: string;
  /** IPv6 as well as IPv4. */
  readonly anyFamily: boolean;
}

/** What only the zone filters: traffic of its bridge, and inside each private network. */
export const passagesOf = ({ bridge }: Layout, privateBridges: readonly string[]): Passage[] => [
  { hook: "forward", from: bridge, anyFamily: false },
  { hook: "forward", to: bridge, anyFamily: false },
  { hook: "input", from: bridge, anyFamily: false },
  ...privateBridges.map((wire): Passage => ({ hook: "forward", from: wire, to: wire, anyFamily: true })),
];

/**
 * Makes every firewall of the host that may drop the packets of `passages` accept them, and removes earlier exceptions;
 * without passages nothing of the zone remains.
 *
 * @throws Error that names a firewall which accepts no exceptions, once all others have them
 */
export async function admitPassages(passages: readonly Passage[], { mark, bridge }: Layout): Promise<void> {
  const ipv6 = passages.filter(({ anyFamily }) => anyFamily);
  const iptables = await admitIptables("iptables", passages, mark);
  await admitIptables("ip6tables", ipv6, mark);
  // Without passages all chains are checked, because a policy may have changed in the meantime.
  const chains = (await foreignChains(bridge, iptables)).filter((chain) => mayDrop(chain) || passages.length === 0);
  const outcome = await Promise.allSettled(
    chains.map(async (chain) => {
      const wanted = (chain.family === "ip6" ? ipv6 : passages).filter(({ hook }) => hook === chain.hook);
      await admitChain(chain, wanted, mark).catch((cause: Error) => {
        throw new Error(refusal(chain, bridge), { cause });
      });
    }),
  );
  for (const result of outcome) if (result.status === "rejected") throw result.reason;
}

/** firewalld's policy is to accept, but its last rule rejects. */
const mayDrop = ({ policy, table }: Chain): boolean => policy === "drop" || table === "firewalld";

function refusal({ family, table }: Chain, bridge: string): string {
  const how =
    table === "firewalld"
      ? `run \`firewall-cmd --zone=trusted --add-interface=${bridge}\``
      : `have it accept what comes in or goes out at ${bridge}`;
  return `the firewall of this host (nftables' table ${family} ${table}) drops instances' packets and belongs to a program that has it for itself: ${how}`;
}

/** @returns false if the host does not have this iptables, or it cannot read its tables */
async function admitIptables(
  command: "iptables" | "ip6tables",
  passages: readonly Passage[],
  mark: string,
): Promise<boolean> {
  const listed = await run(command, ["-w", "5", "-S"]).catch(() => undefined);
  if (listed === undefined) return false;
  const batch = iptablesChanges(listed, passages, mark);
  if (batch.length > 0)
    await run(`${command}-restore`, ["-w", "5", "--noflush"], { input: `*filter\n${batch.join("\n")}\nCOMMIT\n` });
  return true;
}

/**
 * Changes to the table `filter` that make it accept `passages`. Rules are inserted in front of others, in Docker's chain
 * for users' rules if it exists, because that stays in front. A chain that drops nothing is left alone.
 *
 * @param listed from `iptables -S`
 */
export function iptablesChanges(listed: string, passages: readonly Passage[], mark: string): string[] {
  const lines = listed.split("\n");
  const comment = `-m comment --comment "${mark}"`;
  const present = lines.filter((line) => line.startsWith("-A ") && line.includes(comment));
  const wanted = passages.flatMap(({ hook, from, to }) => {
    const base = hook.toUpperCase();
    const mayDrop = lines.some(
      (line) => line === `-P ${base} DROP` || (line.startsWith(`-A ${base} `) && !line.includes(comment)),
    );
    if (!mayDrop) return [];
    const chain = hook === "forward" && lines.includes("-N DOCKER-USER") ? "DOCKER-USER" : base;
    const interfaces = [...(from === undefined ? [] : [`-i ${from}`]), ...(to === undefined ? [] : [`-o ${to}`])];
    return [["-A", chain, ...interfaces, comment, "-j ACCEPT"].join(" ")];
  });
  return [
    ...present.filter((rule) => !wanted.includes(rule)).map((rule) => rule.replace("-A", "-D")),
    ...wanted.filter((rule) => !present.includes(rule)).map((rule) => rule.replace("-A", "-I")),
  ];
}

/** A base chain in nft's JSON. */
interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string;
  readonly policy?: string;
}

/** Base chains of other tables at the hooks forward and input. */
async function foreignChains(bridge: string, iptables: boolean): Promise<Chain[]> {
  const { nftables } = JSON.parse(await run("nft", ["-j", "list", "chains"])) as { nftables: { chain?: Chain }[] };
  return nftables
    .flatMap(({ chain }) => chain ?? [])
    .filter(
      ({ family, table, name, hook }) =>
        ["inet", "ip", "ip6"].includes(family) &&
        ["forward", "input"].includes(hook) &&
        table !== bridge &&
        // Chains that iptables manages must only be changed by iptables, or it can no longer read them.
        !(iptables && table === "filter" && name === hook?.toUpperCase()),
    );
}

async function admitChain({ family, table, name }: Chain, passages: readonly Passage[], mark: string): Promise<void> {
  const { nftables } = JSON.parse(await run("nft", ["-j", "list", "chain", family, table, name])) as {
    nftables: { rule?: { handle: number; comment?: string } }[];
  };
  const own = nftables.flatMap(({ rule }) => (rule?.comment?.startsWith(`${mark}:`) ? rule : []));
  const wanted = new Map(
    passages.map(({ from, to }) => [`${mark}: ${from ?? "any"} to ${to ?? "any"}`, nftMatch(from, to)]),
  );
  const batch = [
    ...own
      .filter(({ comment }) => !wanted.has(comment!))
      .map(({ handle }) => `delete rule ${family} ${table} ${name} handle ${handle}`),
    ...[...wanted]
      .filter(([comment]) => !own.some((rule) => rule.comment === comment))
      .map(([comment, match]) => `insert rule ${family} ${table} ${name} ${match} accept comment "${comment}"`),
  ];
  if (batch.length > 0) await run("nft", ["-f", "-"], { input: `${batch.join("\n")}\n` });
}

const nftMatch = (from?: string, to?: string): string =>
  [...(from === undefined ? [] : [`iifname "${from}"`]), ...(to === undefined ? [] : [`oifname "${to}"`])].join(" ");
