/** Random security groups: a packet between any two addresses passes if and only if a model of the rules admits it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { healthCheckSources, type Instance, type Rule, type SecurityGroup, type Inventory } from "../types.ts";
import { run } from "../command.ts";
import { healthCheckSourceOf } from "../addresses.ts";
import { Bed } from "./testing/bed.ts";
import { passes, type Packet } from "./testing/model.ts";
import { Raw, type Traffic } from "./testing/raw.ts";
import { group, instance as numbered, rule, inventoryOf } from "./testing/environment.ts";
import { ZoneProcess } from "./testing/zone.ts";

const ROUNDS = 4;

const bridge = "exorandom0";
const subnet = "198.19.224.0/20";
const gateway = "198.19.224.1";
const healthCheckSource = healthCheckSourceOf(gateway);
const outside = ["10.253.8.9", "10.253.8.20"] as const;
const instances = [1, 2, 3, 4, 5, 6].map((n) => numbered(n, {}, "198.19.225"));

const bed = new Bed({ bridge, subnet, gateway, ownHost: true });
const inventory = inventoryOf({ instances });
/** By the addresses that they send from. */
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

/** True in `percent` of the cases. */
const chance = (percent: number): fc.Arbitrary<boolean> => fc.integer({ min: 1, max: 100 }).map((n) => n <= percent);

/** Each element with this chance. */
const some = <T>(list: readonly T[], percent: number): fc.Arbitrary<T[]> =>
  fc.tuple(...list.map(() => chance(percent))).map((chosen) => list.filter((_, index) => chosen[index]));

/** These fields with this chance, otherwise none. */
const maybe = <T>(percent: number, fields: fc.Arbitrary<T>): fc.Arbitrary<T | object> =>
  fc.oneof({ weight: percent, arbitrary: fields }, { weight: 100 - percent, arbitrary: fc.constant({}) });

const peers = fc.oneof(
  fc.record({ network: fc.constantFrom(...networks) }),
  fc.record({ securityGroup: fc.constantFrom(...groupIds, healthCheckSources.id, "gone") }),
);
const portRanges = fc.tuple(fc.constantFrom(...ports), fc.constantFrom(...ports), chance(30)).map(([a, b, single]) => ({
  startPort: Math.min(a, b),
  endPort: single ? Math.min(a, b) : Math.max(a, b),
}));
const icmpMessages = fc
  .tuple(fc.constantFrom(...messages), chance(20), chance(40))
  .map(([[type, code], anyType, anyCode]) => ({ icmp: { type: anyType ? -1 : type, code: anyCode ? -1 : code } }));
const traffic = fc
  .constantFrom<Rule["protocol"]>("tcp", "tcp", "udp", "udp", "icmp", "icmp", "esp", "ah", "gre", "ipip", "icmpv6")
  .chain((protocol) => {
    const details =
      protocol === "tcp" || protocol === "udp"
        ? maybe(90, portRanges)
        : protocol === "icmp"
          ? maybe(80, icmpMessages)
          : fc.constant({});
    return details.map((fields) => ({ protocol, ...fields }));
  });
const rules = fc
  .tuple(traffic, peers, chance(80))
  .map(([fields, peer, ingress]) => rule({ direction: ingress ? "ingress" : "egress", ...fields, ...peer }));

const groups = fc.tuple(
  ...groupIds.map((id) =>
    fc
      .tuple(
        fc.array(rules, { maxLength: 6 }),
        some(["10.253.8.0/28", "10.253.8.20/32", `${gateway}/32`, "2001:db8::/32"], 25),
      )
      .map(([rules, externalSources]): SecurityGroup => ({ ...group(id, rules), externalSources })),
  ),
);
const members = fc.tuple(
  ...instances.map((one) => some(groupIds, 40).map((securityGroups): Instance => ({ ...one, securityGroups }))),
);
const inventories = fc
  .tuple(groups, members)
  .map(([groups, instances]): Inventory => inventoryOf({ groups, instances }));

/** Protocols without ports: the kernel treats all packets of a pair of addresses as one connection. */
const isPortless = ({ protocol }: Traffic): boolean => ["esp", "ah", "gre", "ipip"].includes(protocol);

let counter = 0;

/** Sends packets, checks that exactly the expected ones arrive, and returns their number. */
async function compare(packets: readonly Packet[], expected: (packet: Packet) => boolean): Promise<number> {
  const numbered = packets.map((packet) => ({ ...packet, number: ++counter, passes: expected(packet) }));
  const arrived = ({ to, number }: (typeof numbered)[number]): boolean => raws.get(to)!.heard.has(number);
  const send = (list: typeof numbered): void => {
    for (const { traffic, from, to, number } of list) raws.get(from)!.send(traffic, from, to, number);
  };
  const describe = ({ from, to, traffic }: Packet): string => `${from} -> ${to} ${Object.values(traffic).join(" ")}`;
  send(numbered);
  // A packet may be lost while its receiver's MAC address is unknown: send it again.
  await vi.waitFor(
    () => {
      const missing = numbered.filter((packet) => packet.passes && !arrived(packet));
      send(missing);
      expect(missing.map(describe)).toEqual([]);
    },
    { timeout: 20_000, interval: 500 },
  );
  // Packets that must not arrive had as long as the others to do so.
  send(numbered.filter((packet) => !packet.passes));
  await sleep(700);
  expect(numbered.filter((packet) => !packet.passes && arrived(packet)).map(describe)).toEqual([]);
  return numbered.filter((packet) => packet.passes).length;
}

/** Sends packets of all kinds between all addresses. */
async function compareAll(): Promise<{ sent: number; passed: number }> {
  const senders = [...raws.keys()];
  const targets = [...instances.map(({ address }) => address!), ...outside];
  const isInstance = (address: string): boolean => instances.some((one) => one.address === address);
  const isOutside = (address: string): boolean => (outside as readonly string[]).includes(address);
  const packets = senders.flatMap((from) =>
    targets
      // Only instances send to the outside: the zone does not filter between the host and the outside, and the outside
      // does not send to itself.
      .filter((to) => to !== from && !(isOutside(to) && !isInstance(from)))
      .flatMap((to) => traffics.map((traffic): Packet => ({ traffic, from, to }))),
  );
  const allowed = (packet: Packet): boolean => passes(inventory, healthCheckSource, packet);
  let passed = await compare(
    packets.filter(({ traffic }) => !isPortless(traffic)),
    allowed,
  );
  // One direction, then the other: a connection that the first has opened is open in the other direction, too.
  const there = packets.filter(
    ({ traffic, from, to }) => isPortless(traffic) && from < to && !isOutside(from) && !isOutside(to),
  );
  passed += await compare(there, allowed);
  passed += await compare(
    there.filter(({ from }) => isInstance(from)).map(({ traffic, from, to }) => ({ traffic, from: to, to: from })),
    (packet) => allowed(packet) || allowed({ ...packet, from: packet.to, to: packet.from }),
  );
  passed += await compare(
    packets.filter(({ traffic, from, to }) => isPortless(traffic) && isOutside(from) && !isOutside(to)),
    allowed,
  );
  return { sent: packets.length, passed };
}

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

test(`random groups, SEED=${seed}`, { timeout: 300_000 }, async () => {
  let round = 0;
  const filter = fc.asyncProperty(inventories, async (next) => {
    Object.assign(inventory, next);
    await zone.do("apply", inventory);
    // Otherwise connections that the previous groups admitted would stay open.
    await run("ip", ["netns", "exec", bed.host!, "conntrack", "-F"]);
    const { sent, passed } = await compareAll();
    console.log(`round ${++round}: ${sent} packets, ${passed} of them pass`);
  });
  // Each round takes seconds: no shrinking. Unbiased: small inventories would let nearly nothing pass.
  await fc.assert(filter, { seed, numRuns: ROUNDS, endOnFailure: true, unbiased: true });
});
