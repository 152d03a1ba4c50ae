/** Security groups made at random: every packet of every pair passes just when a model of the rules says so. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { healthCheckSources, type Instance, type Rule, type SecurityGroup, type Inventory } from "../types.ts";
import { run } from "../command.ts";
import { healthCheckSourceOf } from "../addresses.ts";
import { Bed } from "./testing/bed.ts";
import { passes, type Packet } from "./testing/model.ts";
import { Raw, type Traffic } from "./testing/raw.ts";
import { group, instance as numbered, rule, inventoryOf } from "./testing/environment.ts";
import { randomFrom, someSeed } from "../testing/random.ts";
import { ZoneProcess } from "./testing/zone.ts";

const random = randomFrom(someSeed());
const ROUNDS = 4;

const bridge = "exorandom0";
const subnet = "198.19.224.0/20";
const gateway = "198.19.224.1";
const healthCheckSource = healthCheckSourceOf(gateway);
const outside = ["10.253.8.9", "10.253.8.20"] as const;
const instances = [1, 2, 3, 4, 5, 6].map((n) => numbered(n, {}, "198.19.225"));

const bed = new Bed({ bridge, subnet, gateway, ownHost: true });
const inventory = inventoryOf({ instances });
/** By the addresses that send there. */
const raws = new Map<string, Raw>();
let directory: string;
let zone: ZoneProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  await bed.open();
  zone = new ZoneProcess({ state: join(directory, "state"), bridge, subnet, gateway }, bed.host);
  await zone.do("open", inventory);
  const host = await Raw.start(bed.host!);
  const far = await Raw.start(await bed.connect("10.253.8.1", outside));
  for (const address of [gateway, healthCheckSource]) raws.set(address, host);
  for (const address of outside) raws.set(address, far);
  for (const one of instances) {
    await bed.plug(one);
    raws.set(one.address!, await Raw.start(bed.namespaceOf(one)));
  }
});

afterAll(async () => {
  await Promise.all([...new Set(raws.values())].map((raw) => raw.end()));
  await zone?.do("close", inventory);
  await zone?.kill();
  await bed.close();
  await rm(directory, { recursive: true, force: true });
});

const { pick } = random;
const some = <T>(list: readonly T[], chance: number): T[] => list.filter(() => random.chance(chance));

const ports = [22, 1024, 8000, 8001, 8002, 65535];
const messages = [
  [0, 0],
  [3, 1],
  [8, 0],
  [8, 7],
  [11, 0],
  [13, 0],
] as const;
const traffics: readonly Traffic[] = [
  ...(["tcp", "udp"] as const).flatMap((protocol) => ports.map((port): Traffic => ({ protocol, port }))),
  ...messages.map(([type, code]): Traffic => ({ protocol: "icmp", type, code })),
  { protocol: "esp" },
  { protocol: "ah" },
  { protocol: "gre" },
  { protocol: "ipip" },
];
const networks = [
  "0.0.0.0/0",
  subnet,
  `${gateway}/32`,
  `${healthCheckSource}/32`,
  "198.19.225.0/30",
  "198.19.225.6/31",
  `${instances[2]!.address}/32`,
  "10.253.8.0/28",
  "10.253.8.20/32",
  "10.253.8.77/24",
  "192.0.2.0/24",
  "2001:db8::/32",
  "::/0",
];
const groupIds = ["a", "b", "c", "d", "e"];

function randomRule(): Rule {
  const protocol = pick(["tcp", "tcp", "udp", "udp", "icmp", "icmp", "esp", "ah", "gre", "ipip", "icmpv6"] as const);
  const peer = random.chance(0.5)
    ? { network: pick(networks) }
    : { securityGroup: pick([...groupIds, healthCheckSources.id, "gone"]) };
  const [first, second] = [pick(ports), pick(ports)].sort((a, b) => a - b) as [number, number];
  const [type, code] = pick(messages);
  return rule({
    direction: random.chance(0.8) ? "ingress" : "egress",
    protocol,
    ...peer,
    ...((protocol === "tcp" || protocol === "udp") &&
      random.chance(0.9) && { startPort: first, endPort: random.chance(0.3) ? first : second }),
    ...(protocol === "icmp" &&
      random.chance(0.8) && { icmp: { type: random.chance(0.2) ? -1 : type, code: random.chance(0.4) ? -1 : code } }),
  });
}

function randomInventory(): Pick<Inventory, "securityGroups" | "instances"> {
  const groups = groupIds.map((id): SecurityGroup => ({
    ...group(id, Array.from({ length: random.int(0, 6) }, randomRule)),
    externalSources: some(["10.253.8.0/28", "10.253.8.20/32", `${gateway}/32`, "2001:db8::/32"], 0.25),
  }));
  const members = instances.map((one): Instance => ({ ...one, securityGroups: some(groupIds, 0.4) }));
  return inventoryOf({ groups, instances: members });
}

/** Protocols without ports: to the kernel all of a pair's packets are one connection. */
const isPortless = ({ protocol }: Traffic): boolean => ["esp", "ah", "gre", "ipip"].includes(protocol);

let counter = 0;

/** Sends all packets and compares what arrives with what should. */
async function compare(packets: readonly Packet[], expected: (packet: Packet) => boolean): Promise<number> {
  const numbered = packets.map((packet) => ({ ...packet, number: ++counter, passes: expected(packet) }));
  const arrived = ({ to, number }: (typeof numbered)[number]): boolean => raws.get(to)!.heard.has(number);
  const send = (list: typeof numbered): void => {
    for (const { traffic, from, to, number } of list) raws.get(from)!.send(traffic, from, to, number);
  };
  const describe = ({ from, to, traffic }: Packet): string => `${from} -> ${to} ${Object.values(traffic).join(" ")}`;
  send(numbered);
  // What is lost on the way to a neighbour who is not known yet comes with the next attempt.
  await vi.waitFor(
    () => {
      const missing = numbered.filter((packet) => packet.passes && !arrived(packet));
      send(missing);
      expect(missing.map(describe)).toEqual([]);
    },
    { timeout: 20_000, interval: 500 },
  );
  // Whoever should not arrive has had this time, and the time of the others.
  send(numbered.filter((packet) => !packet.passes));
  await sleep(700);
  expect(numbered.filter((packet) => !packet.passes && arrived(packet)).map(describe)).toEqual([]);
  return numbered.filter((packet) => packet.passes).length;
}

test(`random groups, SEED=${random.seed}`, { timeout: 300_000 }, async () => {
  const senders = [...raws.keys()];
  const targets = [...instances.map(({ address }) => address!), ...outside];
  const isOutside = (address: string): boolean => (outside as readonly string[]).includes(address);
  for (let round = 1; round <= ROUNDS; round++) {
    Object.assign(inventory, randomInventory());
    await zone.do("apply", inventory);
    // Connections of the last round's groups would go on.
    await run("ip", ["netns", "exec", bed.host!, "conntrack", "-F"]);
    const packets = senders.flatMap((from) =>
      targets
        // What comes back from outside would be an answer to the host's masquerade, and what goes between host and outside is not the zone's.
        .filter((to) => to !== from && !(isOutside(to) && !instances.some(({ address }) => address === from)))
        .flatMap((to) => traffics.map((traffic): Packet => ({ traffic, from, to }))),
    );
    const allowed = (packet: Packet): boolean => passes(inventory, healthCheckSource, packet);
    let passed = await compare(
      packets.filter(({ traffic }) => !isPortless(traffic)),
      allowed,
    );
    // One direction, then the other: what the first opened is the way back as well.
    const there = packets.filter(
      ({ traffic, from, to }) => isPortless(traffic) && from < to && !isOutside(from) && !isOutside(to),
    );
    passed += await compare(there, allowed);
    passed += await compare(
      there
        .filter(({ from }) => instances.some(({ address }) => address === from))
        .map(({ traffic, from, to }) => ({ traffic, from: to, to: from })),
      (packet) => allowed(packet) || allowed({ ...packet, from: packet.to, to: packet.from }),
    );
    passed += await compare(
      packets.filter(({ traffic, from, to }) => isPortless(traffic) && isOutside(from) && !isOutside(to)),
      allowed,
    );
    console.log(`round ${round}: ${packets.length} packets, ${passed} of them pass`);
  }
});
