/**
 * Other firewalls of this host: Docker's, ufw's, the administrator's. A packet passes only if all of them let it, and
 * with forwarding dropped by default, as Docker has it, one instance would not reach another. So theirs are told to
 * leave the zone's packets alone: those meet the zone's own rules.
 */
import { run } from "../command.ts";
import type { Layout } from "./layout.ts";

/** Packets of a hook, by the interfaces they come in and go out at. */
export interface Passage {
  readonly hook: "forward" | "input";
  readonly from?: string;
  readonly to?: string;
  /** IPv6 too. */
  readonly anyFamily: boolean;
}

/** What is the zone's business alone: its bridge, and private networks within themselves. */
export const passagesOf = ({ bridge }: Layout, privateBridges: readonly string[]): Passage[] => [
  { hook: "forward", from: bridge, anyFamily: false },
  { hook: "forward", to: bridge, anyFamily: false },
  { hook: "input", from: bridge, anyFamily: false },
  ...privateBridges.map((wire): Passage => ({ hook: "forward", from: wire, to: wire, anyFamily: true })),
];

/**
 * Makes every firewall of the host that may drop the packets of `passages` accept them, and forgets what it was told for
 * others; with no passages it is as if the zone had never been.
 *
 * @throws Error that names a firewall which takes no exceptions, once all others have them
 */
export async function admitPassages(passages: readonly Passage[], { mark, bridge }: Layout): Promise<void> {
  const ipv6 = passages.filter(({ anyFamily }) => anyFamily);
  const iptables = await admitIptables("iptables", passages, mark);
  await admitIptables("ip6tables", ipv6, mark);
  // Without passages all are looked through: a policy may have changed since.
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

/** firewalld's policy is to accept, and its last rule to reject. */
const mayDrop = ({ policy, table }: Chain): boolean => policy === "drop" || table === "firewalld";

function refusal({ family, table }: Chain, bridge: string): string {
  const how =
    table === "firewalld"
      ? `run \`firewall-cmd --zone=trusted --add-interface=${bridge}\``
      : `have it accept what comes in or goes out at ${bridge}`;
  return `the firewall of this host (nftables' table ${family} ${table}) drops instances' packets and belongs to a program that has it for itself: ${how}`;
}

/** @returns whether the host has this iptables, and it can read its tables */
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
 * What is to change in the table `filter` so that it accepts `passages`: in front of what others have, and in Docker's
 * chain for users' rules where there is one, since that stays in front. A chain that drops nothing is left alone.
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

/** A base chain as nft's JSON has it. */
interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string;
  readonly policy?: string;
}

/** Base chains of other tables that see what is forwarded or comes in. */
async function foreignChains(bridge: string, iptables: boolean): Promise<Chain[]> {
  const { nftables } = JSON.parse(await run("nft", ["-j", "list", "chains"])) as { nftables: { chain?: Chain }[] };
  return nftables
    .flatMap(({ chain }) => chain ?? [])
    .filter(
      ({ family, table, name, hook }) =>
        ["inet", "ip", "ip6"].includes(family) &&
        ["forward", "input"].includes(hook) &&
        table !== bridge &&
        // What iptables reads is to be changed by it alone, or it does not know it any more.
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
