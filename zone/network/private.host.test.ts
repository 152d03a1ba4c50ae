import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Attachment, Instance, Inventory } from "../types.ts";
import { run } from "../command.ts";
import { privateBridge } from "./layout.ts";
import { Agent, Bed } from "./testing/bed.ts";
import { group, instance as numbered, privateNetwork, rule, inventoryOf } from "./testing/environment.ts";
import { ZoneProcess } from "./testing/zone.ts";

const bridge = "exopriv0";
const subnet = "198.19.176.0/20";
const gateway = "198.19.176.1";
const macOf = (network: number, n: number): string => `0a:00:00:00:0${network}:0${n}`;
const attachment = (network: string, n: number, ip?: string): Attachment => ({
  network,
  mac: macOf(["lan", "twin", "bare"].indexOf(network), n),
  ...(ip !== undefined && { ip }),
});
const instance = (n: number, privateNetworks: Attachment[]): Instance => numbered(n, { privateNetworks }, "198.19.177");

const one = instance(1, [attachment("lan", 1, "10.9.0.10"), attachment("bare", 1)]);
const two = instance(2, [attachment("lan", 2, "10.9.0.11"), attachment("bare", 2)]);
// The same addresses in another network.
const three = instance(3, [attachment("twin", 3, "10.9.0.10")]);
const four = { ...instance(4, [attachment("twin", 4, "10.9.0.11")]), securityGroups: ["open"] };
const instances = [one, two, three, four];
const range = "10.9.0.10 10.9.0.99 255.255.255.0";
const networks = [privateNetwork("lan", range), privateNetwork("twin", range), privateNetwork("bare")];
// Only the last one is in a group that admits anything.
const open = group("open", [
  rule({ protocol: "tcp", network: "0.0.0.0/0" }),
  rule({ protocol: "udp", network: "0.0.0.0/0" }),
]);
const inventory = inventoryOf({ groups: [open], instances, privateNetworks: networks });

const bed = new Bed({ bridge, subnet, gateway, ownHost: true });
const agents = new Map<Instance, Agent>();
let directory: string;
let zone: ZoneProcess;
let host: Agent;

const agentOf = (who: Instance): Agent => agents.get(who)!;
const onHost = (command: string, args: readonly string[]): Promise<string> =>
  run("ip", ["netns", "exec", bed.host!, command, ...args]);
const privateBridges = async (): Promise<string[]> =>
  (
    JSON.parse(await run("ip", ["-n", bed.host!, "-json", "link", "show", "type", "bridge"])) as { ifname?: string }[]
  ).flatMap(({ ifname }) => (ifname?.startsWith("pn") ? ifname : []));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  await bed.open();
  // As Docker sets it, and as its users set it for IPv6.
  for (const iptables of ["iptables", "ip6tables"]) await onHost(iptables, ["-P", "FORWARD", "DROP"]);
  zone = new ZoneProcess({ state: join(directory, "state"), bridge, subnet, gateway }, bed.host);
  host = new Agent(bed.host);
  await zone.do("open", inventory);
  for (const who of instances) {
    agents.set(who, await bed.plug(who));
    for (const [index, { network, mac }] of who.privateNetworks.entries())
      await bed.wire(who, privateBridge(bridge, network), `eth${index + 1}`, mac);
    await agentOf(who).request({ do: "listen", protocol: "tcp", port: 8000, name: who.name });
    await agentOf(who).request({ do: "listen", protocol: "udp", port: 9000, name: who.name });
  }
  for (const who of instances)
    if (who.privateNetworks[0]!.ip !== undefined)
      await bed.inside(who, `addr add ${who.privateNetworks[0]!.ip}/24 dev eth1`);
  await bed.inside(one, "addr add 10.8.0.1/24 dev eth2");
  await bed.inside(two, "addr add 10.8.0.2/24 dev eth2");
});

afterAll(async () => {
  await host?.end();
  await zone?.do("close", inventory);
  await zone?.kill();
  await bed.close();
  await rm(directory, { recursive: true, force: true });
});

interface Offer {
  readonly address: string;
  readonly options: Record<string, string>;
}

/** DHCP's offer for an interface of an instance; undefined after a timeout. */
async function lease(who: Instance, device: string, mac: string, timeout = 10_000): Promise<Offer | undefined> {
  await bed.inside(who, `route replace 255.255.255.255/32 dev ${device}`);
  const offer = await agentOf(who)
    .request({ do: "lease", mac, timeout })
    .catch(() => undefined);
  await bed.inside(who, "route del 255.255.255.255/32");
  return offer === undefined ? undefined : (JSON.parse(offer) as Offer);
}

const hex = (...addresses: string[]): string =>
  addresses.map((address) => Buffer.from(address.split(".").map(Number)).toString("hex")).join("");

test("each interface is offered the address that the API gave it, and neither router nor resolver", async () => {
  for (const who of instances) {
    const { mac, ip } = who.privateNetworks[0]!;
    const offer = await lease(who, "eth1", mac);
    expect(offer?.address).toBe(ip);
    expect(offer?.options).toMatchObject({ 1: hex("255.255.255.0"), 54: hex("10.9.0.254") });
    expect(Object.keys(offer!.options)).not.toEqual(expect.arrayContaining(["3"]));
    expect(Object.keys(offer!.options)).not.toEqual(expect.arrayContaining(["6"]));
  }
});

test("an interface that nobody attached is offered nothing, and an unmanaged network has no DHCP", async () => {
  expect(await lease(one, "eth1", "0a:00:00:00:00:99", 2000)).toBeUndefined();
  expect(await lease(one, "eth2", one.privateNetworks[1]!.mac, 2000)).toBeUndefined();
});

test("within a network everything passes, whatever groups and the host's firewall say", async () => {
  expect(await agentOf(one).ask("tcp", two.address!, 8000)).toBeUndefined();
  for (const [from, to] of [
    ["10.9.0.10", "10.9.0.11"],
    ["10.8.0.1", "10.8.0.2"],
  ] as const) {
    expect(await agentOf(one).ask("tcp", to, 8000, { timeout: 3000 })).toBe(`instance-2 ${from}`);
    expect(await agentOf(one).ask("udp", to, 9000, { timeout: 3000 })).toBe(`instance-2 ${from}`);
  }
  // The other network has the same addresses, but other machines.
  expect(await agentOf(three).ask("tcp", "10.9.0.11", 8000, { timeout: 3000 })).toBe("instance-4 10.9.0.10");
  // IPv6 as well: a bridge forwards any protocol.
  await bed.inside(one, "addr add fd00::1/64 dev eth2 nodad");
  await bed.inside(two, "addr add fd00::2/64 dev eth2 nodad");
  expect(await agentOf(one).ask("tcp", "fd00::2", 8000, { timeout: 3000 })).toBe("instance-2 fd00::1");
});

test("other tables' NAT leaves a network alone", async () => {
  await onHost("iptables", ["-t", "nat", "-A", "POSTROUTING", "-s", "10.9.0.0/24", "-j", "MASQUERADE"]);
  expect(await agentOf(one).ask("tcp", "10.9.0.11", 8000, { timeout: 3000 })).toBe("instance-2 10.9.0.10");
  await onHost("iptables", ["-t", "nat", "-F", "POSTROUTING"]);
});

test("out of a network nothing leads: not to the host, not to the zone, not to another network", async () => {
  const [lan, twin, bare] = networks.map(({ id }) => privateBridge(bridge, id)) as [string, string, string];
  await host.request({ do: "listen", protocol: "tcp", port: 8009, name: "host" });
  await host.request({ do: "listen", protocol: "udp", port: 9009, name: "host" });
  // Even if the host forwards and has a route back.
  await onHost("iptables", ["-P", "FORWARD", "ACCEPT"]);
  await bed.onHost(`route add 10.9.0.0/24 dev ${lan} src ${gateway}`);
  await bed.onHost(`route add 10.8.0.0/24 dev ${bare} src ${gateway}`);
  await bed.onHost(`route add 10.7.0.0/24 dev ${twin} src ${gateway}`);
  await bed.inside(three, "addr add 10.7.0.1/24 dev eth1");
  await bed.inside(three, "route add 10.8.0.0/24 dev eth1");
  const address = async (device: string): Promise<string> =>
    (JSON.parse(await run("ip", ["-n", bed.host!, "-json", "link", "show", device])) as { address: string }[])[0]!
      .address;
  const addresses = [gateway, four.address!, "10.7.0.1"];
  const far: ["tcp" | "udp", string, number][] = [
    ["tcp", gateway, 8009],
    ["tcp", gateway, 53],
    ["tcp", four.address!, 8000],
    ["tcp", "10.7.0.1", 8000],
    ["udp", gateway, 9009],
    ["udp", four.address!, 9000],
    ["udp", "10.7.0.1", 9000],
  ];
  for (const [device, own, wire] of [
    ["eth1", "10.9.0.10", lan],
    ["eth2", "10.8.0.1", bare],
  ] as const) {
    for (const to of addresses) await bed.inside(one, `route replace ${to}/32 dev ${device} src ${own}`);
    // The host answers for none of its addresses,
    expect(await agentOf(one).ask("tcp", gateway, 8009, { from: own })).toBeUndefined();
    expect(await bed.inside(one, `neigh show ${gateway} dev ${device}`)).not.toContain("lladdr");
    // and does not accept packets sent to its MAC address.
    for (const to of addresses)
      await bed.inside(one, `neigh replace ${to} dev ${device} lladdr ${await address(wire)}`);
    for (const [protocol, to, port] of far) {
      expect([protocol, to, port, await agentOf(one).ask(protocol, to, port, { from: own, timeout: 1000 })]).toEqual([
        protocol,
        to,
        port,
        undefined,
      ]);
    }
    // Not even in one direction.
    for (const hearer of [host, agentOf(four), agentOf(three)])
      expect(await hearer.request({ do: "heard" })).not.toContain(own);
    for (const to of addresses) await bed.inside(one, `route del ${to}/32 dev ${device}`);
    expect(await bed.onHost(`addr show dev ${wire}`)).not.toContain("inet");
  }
  // Neither does the host reach it, nor the zone.
  for (const outsider of [host, agentOf(four)]) {
    expect(await outsider.ask("tcp", "10.8.0.2", 8000, { timeout: 1000 })).toBeUndefined();
    expect(await outsider.ask("udp", "10.8.0.2", 9000, { timeout: 1000 })).toBeUndefined();
  }
  expect((await agentOf(two).request({ do: "heard" })).split(",").filter((from) => !/^(10\.|fd)/.test(from))).toEqual(
    [],
  );
  for (const net of ["10.9.0.0/24", "10.8.0.0/24", "10.7.0.0/24"]) await bed.onHost(`route del ${net}`);
  await onHost("iptables", ["-P", "FORWARD", "DROP"]);
});

test("leases follow the inventory: another address, options, an instance that goes, a range that comes", async () => {
  const change = async (fields: Partial<Pick<Inventory, "instances" | "privateNetworks">>): Promise<void> => {
    Object.assign(inventory, fields);
    await zone.do("apply", inventory);
  };
  // Instance 2 has the address that was instance 1's.
  const swapped = inventoryOf({
    groups: [open],
    instances: [
      { ...one, privateNetworks: [attachment("lan", 1, "10.9.0.50"), attachment("bare", 1, "10.8.0.1")] },
      { ...two, privateNetworks: [attachment("lan", 2, "10.9.0.10")] },
      three,
      { ...four, privateNetworks: [] },
    ],
    privateNetworks: [
      {
        ...networks[0]!,
        options: { routers: ["10.9.0.1"], dnsServers: ["10.9.0.2", "10.9.0.3"], domainSearch: ["lan.example"] },
      },
      networks[1]!,
      privateNetwork("bare", "10.8.0.1 10.8.0.9 255.255.0.0"),
    ],
  });
  await change(swapped);
  expect((await lease(one, "eth1", one.privateNetworks[0]!.mac))?.address).toBe("10.9.0.50");
  const offer = await lease(two, "eth1", two.privateNetworks[0]!.mac);
  expect(offer?.address).toBe("10.9.0.10");
  expect(offer?.options).toMatchObject({ 3: hex("10.9.0.1"), 6: hex("10.9.0.2", "10.9.0.3") });
  expect(await lease(four, "eth1", four.privateNetworks[0]!.mac, 2000)).toBeUndefined();
  expect((await lease(one, "eth2", one.privateNetworks[1]!.mac))?.address).toBe("10.8.0.1");
  expect((await lease(one, "eth2", one.privateNetworks[1]!.mac))?.options).toMatchObject({
    1: hex("255.255.0.0"),
    54: hex("10.8.255.254"),
  });
});

test("a DHCP server that ends is restarted; one that cannot be restarted is reported once", async () => {
  const [pid] = (await onHost("pgrep", ["-f", `dhcp-${privateBridge(bridge, "twin")}.hosts`])).split("\n").map(Number);
  process.kill(pid!, "SIGKILL");
  await vi.waitFor(
    async () => expect((await lease(three, "eth1", three.privateNetworks[0]!.mac, 2000))?.address).toBe("10.9.0.10"),
    { timeout: 30_000 },
  );
  expect(
    zone.log.filter((line) => line.startsWith("DHCP of the private network twin: dnsmasq ended, starting it again")),
  ).toHaveLength(1);

  const bad = { ...privateNetwork("bad", range), options: { routers: ["no address"] } };
  const before = inventory.privateNetworks;
  Object.assign(inventory, { privateNetworks: new Map([...before, ["bad", bad]]) });
  await expect(zone.do("apply", inventory)).rejects.toThrow(
    /^DHCP of the private network bad: dnsmasq ended: .*bad IP address/,
  );
  await zone.do("apply", inventory);
  Object.assign(inventory, { privateNetworks: before });
  await zone.do("apply", inventory);
});

test("a network goes with its bridge and its DHCP server", async () => {
  expect(await privateBridges()).toHaveLength(3);
  inventory.privateNetworks.delete("twin");
  await zone.do("apply", inventory);
  expect(await privateBridges()).toHaveLength(2);
  expect(await lease(three, "eth1", three.privateNetworks[0]!.mac, 1000)).toBeUndefined();
  expect(await readdir(`/run/exoscale-network-${bridge}`)).not.toContainEqual(
    expect.stringContaining(privateBridge(bridge, "twin")),
  );
  expect(existsSync(`/run/netns/${privateBridge(bridge, "twin")}`)).toBe(false);
});

test("after a crash a new daemon has cables stay where they are, and removes what is no longer wanted", async () => {
  await zone.kill();
  expect(await agentOf(one).ask("tcp", "10.9.0.11", 8000, { timeout: 3000 })).toBe("instance-2 10.9.0.10");
  inventory.privateNetworks.delete("bare");
  zone = new ZoneProcess({ state: join(directory, "state"), bridge, subnet, gateway }, bed.host);
  await zone.do("open", inventory);
  expect(await privateBridges()).toEqual([privateBridge(bridge, "lan")]);
  expect(await agentOf(one).ask("tcp", "10.9.0.11", 8000, { timeout: 3000 })).toBe("instance-2 10.9.0.10");
  expect((await lease(two, "eth1", two.privateNetworks[0]!.mac))?.address).toBe("10.9.0.10");

  await zone.kill();
  zone = new ZoneProcess({ state: join(directory, "state"), bridge, subnet, gateway }, bed.host);
  await zone.do("close", inventory);
  expect(await privateBridges()).toEqual([]);
  expect(await onHost("nft", ["list", "tables"])).not.toContain(bridge);
  expect(await onHost("iptables", ["-S"])).toBe("-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n");
  expect(
    (await onHost("ps", ["-A", "-o", "args"]))
      .split("\n")
      .filter((line) => line.includes(`exoscale-network-${bridge}`)),
  ).toEqual([]);
});
