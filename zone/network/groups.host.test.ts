import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import ipaddr from "ipaddr.js";
import type { Instance, Network, Rule, SecurityGroup } from "../types.ts";
import { createNetwork } from "./index.ts";
import { Agent, Bed } from "./testing/bed.ts";
import { group, instance as numbered, rule, inventoryOf } from "./testing/environment.ts";

const bridge = "exogroups0";
const subnet = "198.19.128.0/20";
const gateway = "198.19.128.1";
const instance = (n: number, fields: Partial<Instance>): Instance => numbered(n, fields, "198.19.129");

const any = "0.0.0.0/0";
const groups = [
  group("a", [
    rule({ protocol: "tcp", startPort: 8000, endPort: 8001, securityGroup: "b" }),
    rule({ protocol: "icmp", icmp: { type: 8, code: 0 }, network: `${gateway}/32` }),
    rule({ protocol: "udp", startPort: 9000, endPort: 9000, network: "198.19.129.4/30" }),
  ]),
  group("b", [
    rule({ protocol: "udp", startPort: 9000, endPort: 9000, securityGroup: "a" }),
    rule({ protocol: "tcp", startPort: 8000, endPort: 8000, network: "198.19.129.1/32" }),
    rule({ protocol: "icmp", icmp: { type: -1, code: -1 }, securityGroup: "b" }),
  ]),
  group("c", [
    rule({ direction: "egress", protocol: "tcp", startPort: 8001, endPort: 8001, network: any }),
    rule({ direction: "egress", protocol: "icmp", securityGroup: "open" }),
    rule({ protocol: "tcp", startPort: 8002, endPort: 8002, network: `${gateway}/32` }),
  ]),
  group("open", [
    rule({ protocol: "tcp", startPort: 1, endPort: 65535, network: any }),
    rule({ protocol: "udp", network: any }),
    rule({ protocol: "icmp", icmp: { type: 8, code: -1 }, network: any }),
    // A ping has type 8 and code 0: this rule admits nothing that the test sends.
    rule({ protocol: "icmp", icmp: { type: 3, code: 1 }, network: any }),
  ]),
  group("shut", []),
];
const instances = [
  instance(1, { securityGroups: ["a"] }),
  instance(2, { securityGroups: ["a", "b"] }),
  instance(3, { securityGroups: ["b"] }),
  instance(4, { securityGroups: ["c", "b"] }),
  instance(5, { securityGroups: ["open"] }),
  instance(6, { securityGroups: ["shut"] }),
];
const inventory = inventoryOf({ groups, instances });
const bed = new Bed({ bridge, subnet, gateway });
const agents = new Map<string, Agent>();
let state: string;
let network: Network;

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  await bed.open();
  network = createNetwork({ state, inventory, bridge, subnet, gateway, log: () => {} });
  await network.open();
  agents.set(gateway, new Agent());
  for (const one of instances) {
    const agent = await bed.plug(one);
    agents.set(one.address!, agent);
    for (const port of [8000, 8001, 8002]) await agent.request({ do: "listen", protocol: "tcp", port, name: one.name });
    await agent.request({ do: "listen", protocol: "udp", port: 9000, name: one.name });
  }
});

afterAll(async () => {
  await agents.get(gateway)?.end();
  await network?.close();
  await bed.close();
  await rm(state, { recursive: true, force: true });
});

interface Probe {
  readonly from: string;
  readonly to: Instance;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly port?: number;
}

/** The groups' decision, computed without nftables. */
function allowed({ from, to, protocol, port }: Probe): boolean {
  const byAddress = (address: string): Instance | undefined => instances.find((one) => one.address === address);
  const groupsOf = (one: Instance | undefined): SecurityGroup[] =>
    groups.filter(({ id }) => one?.securityGroups.includes(id));
  const admits =
    (direction: Rule["direction"], peer: string) =>
    (candidate: Rule): boolean =>
      candidate.direction === direction &&
      candidate.protocol === protocol &&
      (candidate.network === undefined || ipaddr.parse(peer).match(ipaddr.parseCIDR(candidate.network))) &&
      (candidate.securityGroup === undefined ||
        groupsOf(byAddress(peer)).some(({ id }) => id === candidate.securityGroup)) &&
      (candidate.startPort === undefined || (port! >= candidate.startPort && port! <= candidate.endPort!)) &&
      (candidate.icmp === undefined ||
        ([-1, 8].includes(candidate.icmp.type) && [-1, 0].includes(candidate.icmp.code)));
  const egress = groupsOf(byAddress(from))
    .flatMap(({ rules }) => rules)
    .filter(({ direction }) => direction === "egress");
  return (
    (egress.length === 0 || egress.some(admits("egress", to.address!))) &&
    groupsOf(to).some(({ rules }) => rules.some(admits("ingress", from)))
  );
}

async function ping(from: string, to: string): Promise<boolean> {
  const inside = from === gateway ? [] : ["ip", "netns", "exec", `${bridge}-${from.split(".").slice(2).join("-")}`];
  const [file, ...args] = [...inside, "ping", "-c", "1", "-W", "1", to];
  // Debian's iputils-ping: Node cannot send ICMP.
  const [code] = await once(spawn(file, args, { stdio: "ignore" }), "exit");
  return code === 0;
}

async function passes({ from, to, protocol, port }: Probe): Promise<boolean> {
  if (protocol === "icmp") return ping(from, to.address!);
  const answer = await agents.get(from)!.ask(protocol, to.address!, port!, { timeout: 1000 });
  if (answer !== undefined) expect(answer).toBe(`${to.name} ${from}`);
  return answer !== undefined;
}

test("every pair, by every protocol, passes just when the groups say so", async () => {
  const kinds = [
    { protocol: "tcp", port: 8000 },
    { protocol: "tcp", port: 8001 },
    { protocol: "tcp", port: 8002 },
    { protocol: "udp", port: 9000 },
    { protocol: "icmp" },
  ] as const;
  const probes = [...agents.keys()].flatMap((from) =>
    instances
      .filter(({ address }) => address !== from)
      .flatMap((to) => kinds.map((kind): Probe => ({ from, to, ...kind }))),
  );
  const describe = ({ from, to, protocol, port }: Probe): string =>
    `${from} -> ${to.address} ${protocol} ${port ?? ""}`;
  const outcome = await Promise.all(probes.map(async (probe) => [describe(probe), await passes(probe)] as const));
  expect(outcome.filter(([, passed]) => passed).map(([name]) => name)).toEqual(probes.filter(allowed).map(describe));
  expect(probes.length).toBe(180);
});

test("a rule is in force, and out of it, within a second; connections that stand remain", async () => {
  const [one, , , , , shut] = instances as [Instance, Instance, Instance, Instance, Instance, Instance];
  const client = agents.get(one.address!)!;
  const ask = (): Promise<string | undefined> => client.ask("tcp", shut.address!, 8000);
  expect(await ask()).toBeUndefined();

  const start = performance.now();
  inventory.securityGroups.set(
    "shut",
    group("shut", [rule({ protocol: "tcp", startPort: 8000, endPort: 8000, securityGroup: "a" })]),
  );
  await network.apply();
  expect(await ask()).toBeDefined();
  expect(performance.now() - start).toBeLessThan(1000);

  await client.request({ do: "hold", address: shut.address!, port: 8000 });
  inventory.securityGroups.set("shut", group("shut", []));
  await network.apply();
  expect(await ask()).toBeUndefined();
  expect(await client.request({ do: "held", timeout: 1000 })).toContain(shut.name);
});

test("an instance cannot send with another's address", async () => {
  const [thief, owner, receiver] = instances as [Instance, Instance, Instance];
  const from = owner.address!;
  // Both are in group a, which the receiver admits to this port.
  const send = (as: string): Promise<unknown> =>
    agents.get(thief.address!)!.ask("udp", receiver.address!, 9000, { from: as });
  const heardFrom = async (address: string): Promise<number> =>
    (await agents.get(receiver.address!)!.request({ do: "heard" })).split(",").filter((one) => one === address).length;
  const before = [await heardFrom(thief.address!), await heardFrom(from)];
  await bed.inside(thief, `addr add ${from}/32 dev eth0`);
  try {
    await send(thief.address!);
    await send(from);
    expect([await heardFrom(thief.address!), await heardFrom(from)]).toEqual([before[0]! + 1, before[1]]);
    // Both answer the ARP request; only the owner's answer arrives.
    for (let i = 0; i < 5; i++) {
      await bed.inside(receiver, "neigh flush all");
      await agents.get(receiver.address!)!.ask("tcp", from, 8000);
      expect(await bed.inside(receiver, "neigh show")).toContain(`${from} dev eth0 lladdr ${owner.mac}`);
    }
  } finally {
    await bed.inside(thief, `addr del ${from}/32 dev eth0`);
  }
});

test("of the host an instance sees what the zone offers", async () => {
  const [one] = instances as [Instance];
  const host = agents.get(gateway)!;
  const inside = agents.get(one.address!)!;
  await host.request({ do: "listen", protocol: "tcp", port: 8009, name: "host" });
  expect(await host.ask("tcp", gateway, 8009)).toBe(`host ${gateway}`);
  expect(await inside.ask("tcp", gateway, 8009)).toBeUndefined();
  expect(await ping(one.address!, gateway)).toBe(true);
  expect(await inside.request({ do: "resolve", server: gateway, name: "instance-3" })).toBe("198.19.129.3");
  expect(
    await inside.request({ do: "resolve", server: gateway, name: "nobody" }).catch((error: Error) => error.message),
  ).toBe("ENOTFOUND");
  // Exoscale's SDK resolves this name.
  expect(await inside.request({ do: "resolve", server: gateway, name: "metadata.exoscale.com" })).toBe(
    "169.254.169.254",
  );
  expect(await inside.request({ do: "get", url: "http://169.254.169.254/latest/meta-data/instance-id" })).toBe(
    `200 ${one.id}`,
  );
  expect(await inside.request({ do: "get", url: "http://169.254.169.254/1.0/instance-id" })).toBe(`200 ${one.id}`);
  expect(await inside.request({ do: "get", url: `http://${gateway}/latest/public-keys` })).toBe("200 ");
  expect(await inside.request({ do: "get", url: `http://${gateway}/latest/meta-data/public-ipv4` })).toBe(
    `200 ${one.address}`,
  );
});
