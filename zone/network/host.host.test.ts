/** The zone beside other firewalls on its host: each test has its own host, a network namespace. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Instance } from "../types.ts";
import { run } from "../command.ts";
import { privateBridge } from "./layout.ts";
import { Agent, Bed } from "./testing/bed.ts";
import {
  group,
  instance as numbered,
  privateNetwork,
  rule,
  inventoryOf,
  type TestInventory,
} from "./testing/environment.ts";
import { Raw } from "./testing/raw.ts";
import { ZoneProcess } from "./testing/zone.ts";

const bridge = "exohost0";
const subnet = "198.19.192.0/20";
const gateway = "198.19.192.1";
const outside = "10.253.7.1";

const open = group("open", [rule({ protocol: "tcp", network: "0.0.0.0/0" })]);
const shut = group("shut", []);
const instance = (n: number, fields: Partial<Instance>): Instance => numbered(n, fields, "198.19.193");
const [client, server, locked] = [
  instance(1, { securityGroups: ["shut"] }),
  instance(2, { securityGroups: ["open"] }),
  instance(3, { securityGroups: ["shut"] }),
];
const inventoryNow = (): TestInventory => inventoryOf({ groups: [open, shut], instances: [client, server, locked] });

let directory: string;
let bed: Bed;
let zone: ZoneProcess;
let host: Agent;
let agents: Map<Instance, Agent>;

const agentOf = (one: Instance): Agent => agents.get(one)!;
const onHost = (command: string, ...args: string[]): Promise<string> =>
  run("ip", ["netns", "exec", bed.host!, command, ...args]);
const nft = (text: string): Promise<string> => onHost("nft", text);
const newZone = (fields: object = {}): ZoneProcess =>
  new ZoneProcess({ state: join(directory, "state"), bridge, subnet, gateway, ...fields }, bed.host);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  bed = new Bed({ bridge, subnet, gateway, ownHost: true });
  await bed.open();
  zone = newZone();
  host = new Agent(bed.host);
  agents = new Map();
  for (const one of [client, server, locked]) {
    agents.set(one, await bed.plug(one));
    await agentOf(one).request({ do: "listen", protocol: "tcp", port: 8000, name: one.name });
  }
});

afterEach(async () => {
  await host.end();
  await zone.do("close", inventoryNow());
  await zone.kill();
  await bed.close();
  await rm(directory, { recursive: true, force: true });
});

/** Checks which traffic passes between instances, the host and the outside. */
async function reachable(): Promise<Record<string, boolean>> {
  const reaches = async (agent: Agent, address: string, port = 8000): Promise<boolean> =>
    (await agent.ask("tcp", address, port, { timeout: 1500 })) !== undefined;
  const [instances, lockedIn, fromHost, hostLocked, dns] = await Promise.all([
    reaches(agentOf(client), server.address!),
    reaches(agentOf(client), locked.address!),
    reaches(host, server.address!),
    reaches(host, locked.address!),
    agentOf(client)
      .request({ do: "resolve", server: gateway, name: "instance-2" })
      .then(
        () => true,
        () => false,
      ),
  ]);
  return { instances, lockedIn, fromHost, hostLocked, dns };
}

const asItShould = { instances: true, lockedIn: false, fromHost: true, hostLocked: false, dns: true };

/** True if an instance reaches the outside. */
async function reachesOutside(): Promise<boolean> {
  const namespace = await bed.connect(outside, ["10.253.7.2"]);
  const listener = new Agent(namespace);
  await listener.request({ do: "listen", protocol: "tcp", port: 8000, name: "outside" });
  const answer = await agentOf(client).ask("tcp", "10.253.7.2", 8000, { timeout: 3000 });
  await listener.end();
  // The outside has no route to instances: they appear with the host's address.
  if (answer !== undefined) expect(answer).toBe(`outside ${outside}`);
  return answer !== undefined;
}

test("a firewall like Docker's and ufw's, which drops by default, and starts after the zone", async () => {
  await zone.do("open", inventoryNow());
  expect(await reachable()).toEqual(asItShould);
  const before = await onHost("iptables", "-S");
  await onHost("iptables", "-P", "FORWARD", "DROP");
  await onHost("iptables", "-P", "INPUT", "DROP");
  await vi.waitFor(async () => expect(await onHost("iptables", "-S")).toContain(bridge), { timeout: 10_000 });
  expect(await reachable()).toEqual(asItShould);
  expect(await reachesOutside()).toBe(true);

  // Docker starts: its chain for users' rules comes first.
  for (const args of ["-N DOCKER-USER", "-A DOCKER-USER -j RETURN", "-I FORWARD -j DOCKER-USER"])
    await onHost("iptables", ...args.split(" "));
  await vi.waitFor(async () => expect(await onHost("iptables", "-S")).toContain(`-A DOCKER-USER -i ${bridge}`), {
    timeout: 10_000,
  });
  expect(await onHost("iptables", "-S")).not.toContain(`-A FORWARD -i ${bridge}`);
  expect(await reachable()).toEqual(asItShould);

  // Another program flushes it.
  await onHost("iptables", "-F", "DOCKER-USER");
  await vi.waitFor(async () => expect(await reachable()).toEqual(asItShould), { timeout: 10_000 });

  await zone.do("close", inventoryNow());
  const after = await onHost("iptables", "-S");
  expect(after).not.toContain(bridge);
  expect(before).not.toContain(bridge);
});

test("a Docker Engine that was there first, and had forwarding dropped", async () => {
  const options = {
    hosts: [`unix://${directory}/docker.sock`],
    pidfile: `${directory}/docker.pid`,
    "data-root": `${directory}/data`,
    "exec-root": `${directory}/exec`,
    "deprecated-key-path": `${directory}/key.json`,
    bip: "10.253.9.1/24",
    "userland-proxy": false,
  };
  await writeFile(`${directory}/docker.json`, JSON.stringify(options));
  // Docker drops forwarded packets by default only if it has turned forwarding on itself.
  await onHost("sysctl", "-qw", "net.ipv4.ip_forward=0");
  // Not `ip netns exec`, which hides the host's cgroups.
  const engine = spawn(
    "nsenter",
    [`--net=/run/netns/${bed.host}`, "dockerd", "--config-file", `${directory}/docker.json`],
    { stdio: "ignore" },
  );
  try {
    await vi.waitFor(() => onHost("docker", "-H", options.hosts[0]!, "info"), { timeout: 60_000, interval: 500 });
    expect(await onHost("iptables", "-S")).toContain("-P FORWARD DROP");
    await zone.do("open", inventoryNow());
    expect(await reachable()).toEqual(asItShould);
  } finally {
    engine.kill("SIGTERM");
    await once(engine, "exit");
  }
});

test("a table of the administrator's that drops by default", async () => {
  await nft(
    "table inet admin { chain forward { type filter hook forward priority filter; policy drop; }; chain input { type filter hook input priority filter; policy drop; ct state established,related accept; iif lo accept; }; }",
  );
  const before = await nft("list table inet admin");
  await zone.do("open", inventoryNow());
  expect(await reachable()).toEqual(asItShould);
  expect(await reachesOutside()).toBe(true);
  await nft("flush chain inet admin forward");
  await vi.waitFor(async () => expect(await reachable()).toEqual(asItShould), { timeout: 10_000 });
  await zone.do("close", inventoryNow());
  expect(await nft("list table inet admin")).toBe(before);
});

test("firewalld, whose policy is to accept and whose last rule rejects", async () => {
  await nft(
    "table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; ct state established,related accept; reject with icmpx admin-prohibited; }; }",
  );
  const before = await nft("list table inet firewalld");
  await zone.do("open", inventoryNow());
  expect(await reachable()).toEqual(asItShould);
  await zone.do("close", inventoryNow());
  expect(await nft("list table inet firewalld")).toBe(before);
});

test("a table that a program has for itself: the start fails and says what to do", async () => {
  const owner = spawn("ip", ["netns", "exec", bed.host!, "nft", "-i"], { stdio: ["pipe", "ignore", "inherit"] });
  owner.stdin.write(
    "add table inet firewalld { flags owner; }\nadd chain inet firewalld forward { type filter hook forward priority filter; policy drop; }\n",
  );
  await vi.waitFor(async () => expect(await nft("list tables")).toContain("firewalld"), { timeout: 10_000 });
  await expect(zone.do("open", inventoryNow())).rejects.toThrow(
    "the firewall of this host (nftables' table inet firewalld) drops instances' packets and belongs to a program that has it for itself: run `firewall-cmd --zone=trusted --add-interface=exohost0`",
  );
  owner.stdin.end();
  await once(owner, "exit");
});

test.each([
  ["the whole ruleset is flushed", () => nft("flush ruleset")],
  ["the zone's table is deleted", () => nft(`delete table inet ${bridge}`)],
  ["a chain of it is emptied", () => nft(`flush chain inet ${bridge} ingress-1`)],
  ["a rule is slipped in", () => nft(`insert rule inet ${bridge} delivery accept`)],
  ["the rules against spoofing go", () => nft(`flush table bridge ${bridge}`)],
])("%s: the rules are back within seconds", async (_, harm) => {
  await zone.do("open", inventoryNow());
  const text = async (): Promise<string> =>
    (await nft(`list table inet ${bridge}`)) + (await nft(`list table bridge ${bridge}`));
  const before = await text();
  await harm();
  await vi.waitFor(async () => expect(await text()).toBe(before), { timeout: 10_000 });
  expect(await reachable()).toEqual(asItShould);
  await vi.waitFor(() => expect(zone.log.filter((line) => line.includes("they are loaded again"))).toHaveLength(1));
});

test("after the host's restart nothing passes before there are rules", async () => {
  const nothing = { instances: false, lockedIn: false, fromHost: false, hostLocked: false, dns: false };
  await zone.do("prepare", inventoryNow());
  // Frames that the bridge only forwards, too.
  await onHost("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
  expect(await reachable()).toEqual(nothing);
  // Nor datagrams that need no answer, from a sender that knows the MAC address.
  await agentOf(locked).request({ do: "listen", protocol: "udp", port: 9000, name: "locked" });
  await bed.onHost(`neigh replace ${locked.address} dev ${bridge} lladdr ${locked.mac}`);
  await host.ask("udp", locked.address!, 9000);
  expect(await agentOf(locked).request({ do: "heard" })).toBe("");
  await zone.do("open", inventoryNow());
  // Callers have a failed ARP entry for the address, and retry after a while.
  await vi.waitFor(async () => expect(await reachable()).toEqual(asItShould), { timeout: 10_000 });

  // A restart of the daemon interrupts no connection: the rules stay in force.
  await agentOf(client).request({ do: "hold", address: server.address!, port: 8000 });
  await zone.kill();
  zone = newZone();
  await zone.do("prepare", inventoryNow());
  expect(await reachable()).toMatchObject({ ...asItShould, dns: expect.anything() });
  expect(await agentOf(client).request({ do: "held", timeout: 3000 })).toContain("instance-2");
});

test("security groups hold where the host filters no bridges", async () => {
  await onHost("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0");
  await zone.do("open", inventoryNow());
  expect(await reachable()).toEqual(asItShould);
  expect((await onHost("sysctl", "-n", "net.bridge.bridge-nf-call-iptables")).trim()).toBe("0");
});

test("a start that fails leaves instances neither open nor, without any, rules behind", async () => {
  const holder = new Agent(bed.host);
  await holder.request({ do: "listen", protocol: "udp", port: 53, name: "resolver" });
  const failure = new RegExp(
    `^port 53 at ${gateway}, which the zone's DNS needs, is taken by .* \\(process \\d+\\): end it, or have it listen at its own addresses instead of all of the host's$`,
  );
  await expect(zone.do("open", inventoryNow())).rejects.toThrow(failure);
  expect(await reachable()).toEqual({ ...asItShould, dns: false });
  const empty = inventoryOf({});
  await expect(zone.do("open", empty)).rejects.toThrow(failure);
  expect(await nft("list tables")).not.toContain(bridge);
  await holder.end();
  await zone.do("open", inventoryNow());
  expect(await reachable()).toEqual(asItShould);
});

test("two zones beside each other: each its own services and elastic IPs; one goes, the other stays", async () => {
  const other = { bridge: "exohost1", subnet: "198.19.208.0/20", gateway: "198.19.208.1" };
  await bed.onHost(`link add ${other.bridge} type bridge`);
  await bed.onHost(`addr add ${other.gateway}/20 dev ${other.bridge}`);
  await bed.onHost(`link set ${other.bridge} up`);
  const mirror = await makeMirror();
  const neighbour = numbered(1, { name: "neighbour" }, "198.19.209");
  const second = newZone({ ...other, state: join(directory, "other"), mirror });
  const otherWorld = inventoryOf({
    instances: [neighbour],
    privateNetworks: [privateNetwork("lan", "10.9.0.1 10.9.0.9 255.255.255.0")],
  });
  zone = newZone({ mirror });
  const ownWorld = { ...inventoryNow(), privateNetworks: otherWorld.privateNetworks };
  await Promise.all([zone.do("open", ownWorld), second.do("open", otherWorld)]);
  expect(await host.request({ do: "resolve", server: gateway, name: "instance-2" })).toBe(server.address);
  expect(await host.request({ do: "resolve", server: other.gateway, name: "neighbour" })).toBe(neighbour.address);
  for (const address of [gateway, other.gateway]) {
    for (const port of [5000, 8443]) expect(await onHost("ss", "-Hltn", "src", `${address}:${port}`)).not.toBe("");
  }
  expect(await reachable()).toEqual(asItShould);

  await second.do("close", otherWorld);
  await second.kill();
  expect(await nft("list tables")).not.toContain(other.bridge);
  expect(await bed.onHost("link show type bridge")).toContain(privateBridge(bridge, "lan"));
  expect(await bed.onHost("link show type bridge")).not.toContain(privateBridge(other.bridge, "lan"));
  expect(await reachable()).toEqual(asItShould);
});

test("a zone of the same name is refused", async () => {
  await zone.do("open", inventoryNow());
  const second = newZone({ state: join(directory, "other") });
  await expect(second.do("prepare", inventoryNow())).rejects.toThrow(
    /^process \d+ runs a zone on the bridge exohost0: end it, or give this zone another network name$/,
  );
  await second.do("close", inventoryNow());
  await second.kill();
  expect(await reachable()).toEqual(asItShould);
});

test("a neighbour of this machine cannot send with an instance's address", async () => {
  const traffic = { protocol: "udp", port: 9000 } as const;
  const inventory = inventoryNow();
  const rules = [
    rule({ protocol: "udp", securityGroup: "shut" }),
    rule({ protocol: "udp", network: "10.253.7.0/24" }),
    rule({ protocol: "tcp", network: "0.0.0.0/0" }),
  ];
  inventory.securityGroups.set("open", group("open", rules));
  await zone.do("open", inventory);
  await agentOf(server).request({ do: "listen", ...traffic, name: server.name });
  const namespace = await bed.connect(outside, ["10.253.7.2"]);
  await run("ip", ["-n", namespace, "addr", "add", `${client.address}/32`, "dev", "eth0"]);
  // Where the administrator has asked for it, the kernel itself drops such packets.
  await onHost("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.outside.rp_filter=0");
  const own = await Raw.start(bed.namespaceOf(client));
  const neighbour = await Raw.start(namespace);
  const receiver = await Raw.start(bed.namespaceOf(server));
  try {
    // Numbers 40,000 apart have the same source port, so the neighbour writes into a connection of the client's, too.
    own.send(traffic, client.address!, server.address!, 1);
    await vi.waitFor(() => expect(receiver.heard).toContain(1), { timeout: 5000 });
    for (const number of [2, 40_001]) neighbour.send(traffic, client.address!, server.address!, number);
    neighbour.send(traffic, "10.253.7.2", server.address!, 3);
    await vi.waitFor(() => expect(receiver.heard).toContain(3), { timeout: 5000 });
    expect([...receiver.heard]).toEqual([1, 3]);
  } finally {
    for (const raw of [own, neighbour, receiver]) await raw.end();
  }
});

test("what the zone has on the host goes with it, also when a crash came before", async () => {
  const processes = async (): Promise<string[]> =>
    (await run("ip", ["netns", "pids", bed.host!])).trim().split("\n").sort();
  const before = await processes();
  const inventory = {
    ...inventoryNow(),
    privateNetworks: new Map([["lan", privateNetwork("lan", "10.9.0.1 10.9.0.9 255.255.255.0")]]),
  };
  await zone.do("open", inventory);
  await zone.kill();
  zone = newZone();
  await zone.do("close", inventory);
  await zone.kill();
  expect(await nft("list ruleset")).toBe("");
  expect(await bed.onHost(`route show table local dev ${bridge} proto static`)).toBe("");
  expect(await bed.onHost("link show type bridge")).not.toContain("pn");
  // Without the zone's own process.
  expect((await processes()).filter((pid) => !before.includes(pid))).toEqual([]);
  zone = newZone();
});

/** An empty directory to serve. */
async function makeMirror(): Promise<string> {
  const mirror = join(directory, "mirror");
  for (const part of ["files", "registry"]) await mkdir(join(mirror, part), { recursive: true });
  return mirror;
}
