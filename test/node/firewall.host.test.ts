/** A node's firewall between network namespaces: a pod, the pods of other nodes behind the overlay, and what is outside. */
import pWaitFor from "p-wait-for";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closedToPods, ownPorts, ports } from "../../ports.ts";
import { openMachine, type Machine } from "./machine.ts";

const pod = "10.244.1.2";
const podElsewhere = "10.244.2.2";
/** The node's own, as pods see them: its bridge's, its overlay's, its public one. */
const node = ["10.244.1.1", "10.244.2.1", "192.0.2.1"];
const otherMaster = "192.0.2.2";
const worker = "192.0.2.11";
const metadata = ["169.254.169.254", "192.0.2.254"];
const ofMasters = ownPorts.masters.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port);
const listening = [...new Set([80, 8080, ...ofMasters])].sort((a, b) => a - b);

type Place = "node" | "pod" | "overlay" | "outside";
let machine: Machine;

/** Runs a program of Node there. */
function run(place: Place, program: string): Promise<string> {
  const node = `'${process.execPath}' --eval '${program}'`;
  return machine.must(place === "node" ? node : `ip netns exec ${place} ${node}`);
}

/** Which of these answer, `ADDRESS:PORT`. @param from the caller's address, if it is not the one of its interface */
async function reached(
  place: Place,
  addresses: readonly string[],
  of: readonly number[],
  from = "",
): Promise<string[]> {
  const targets = addresses.flatMap((host) => of.map((port) => ({ host, port, localAddress: from || undefined })));
  const out = await run(
    place,
    `const net = require("net");
     for (const target of ${JSON.stringify(targets)}) {
       const socket = net.connect(target, () => { console.log(target.host + ":" + target.port); socket.destroy(); });
       socket.setTimeout(1000, () => socket.destroy()).on("error", () => {});
     }`,
  );
  return out.split("\n").filter(Boolean).sort();
}

const all = (addresses: readonly string[], of: readonly number[]): string[] =>
  addresses.flatMap((address) => of.map((port) => `${address}:${port}`)).sort();

/** What a listener at this UDP port got from each place that sent it its name. */
async function datagrams(to: Place, address: string, port: number, senders: readonly Place[]): Promise<string[]> {
  const heard = run(
    to,
    `const socket = require("dgram").createSocket("udp4", (message) => console.log(String(message)));
     socket.bind(${port}); setTimeout(() => socket.close(), 2500);`,
  );
  for (const sender of senders)
    await run(
      sender,
      `const socket = require("dgram").createSocket("udp4");
       let left = 5;
       const timer = setInterval(() => left-- ? socket.send("${sender}", ${port}, "${address}", () => {}) : (clearInterval(timer), socket.close()), 150);`,
    );
  return [...new Set((await heard).split("\n").filter(Boolean))];
}

beforeAll(async () => {
  const masters = ["192.0.2.1", otherMaster].map((address, n) => ({ name: `test-master-${n + 1}`, address }));
  machine = await openMachine({ address: "192.0.2.1", masters });
  await machine.must(`
    mkdir -p /run/netns
    echo 1 > /proc/sys/net/ipv4/ip_forward
    place() { # place NAMESPACE INTERFACE OWN-ADDRESS/LENGTH ITS-ADDRESS...
      ip netns add $1
      ip link add $2 type veth peer name eth0 netns $1
      ip address add $3 dev $2
      ip link set $2 up
      ip -n $1 link set eth0 up
      for address in "\${@:4}"; do ip -n $1 address add $address dev eth0; done
      ip -n $1 route add default via \${3%/*}
    }
    place pod cni0 10.244.1.1/24 ${pod}/24
    place overlay flannel.1 10.244.2.1/24 ${podElsewhere}/24 203.0.113.9/32
    place outside ens3 192.0.2.1/24 ${[otherMaster, worker, "192.0.2.254"].map((each) => `${each}/24`).join(" ")} 169.254.169.254/32
    ip route add default via 192.0.2.254`);
  for (const place of ["node", "pod", "overlay", "outside"] as const) {
    const program = `for (const port of ${JSON.stringify(listening)}) require("net").createServer((s) => s.on("error", () => {}).end()).listen(port, "0.0.0.0");`;
    const command = [process.execPath, "--eval", program];
    machine.start(`listeners-${place}`, place === "node" ? command : ["ip", "netns", "exec", place, ...command]);
  }
  const places = ["127.0.0.1", pod, podElsewhere, otherMaster];
  await pWaitFor(async () => (await reached("node", places, listening)).length === places.length * listening.length, {
    interval: 200,
    timeout: 20_000,
  });
});
afterAll(() => machine?.[Symbol.asyncDispose]());

test("without it, pods and the overlay reach every port of a node, and the metadata service", async () => {
  for (const place of ["pod", "overlay"] as const) {
    expect(await reached(place, node, listening), place).toEqual(all(node, listening));
    expect(await reached(place, metadata, [80]), place).toEqual(all(metadata, [80]));
  }
});

test("with it, they reach none of the node's own but the API", { timeout: 120_000 }, async () => {
  // A second start replaces the rules.
  for (let start = 0; start < 2; start++) await machine.must("bash /run/kubernetes/bin/node-firewall");
  const open = listening.filter((port) => !closedToPods("masters", "tcp").includes(port));
  expect(open).toEqual([80, ports.apiserver, 8080]);
  for (const place of ["pod", "overlay"] as const)
    expect(await reached(place, node, listening), place).toEqual(all(node, open));
  for (const port of closedToPods("masters", "udp"))
    expect(await datagrams("node", "192.0.2.1", port, ["pod", "overlay", "outside"])).toEqual(["outside"]);
});

test("pods reach no other master's ports but the API, no kubelet, and everything else", async () => {
  const open = listening.filter((port) => !closedToPods("masters", "tcp").includes(port));
  expect(await reached("pod", [otherMaster], listening)).toEqual(all([otherMaster], open));
  expect(await reached("pod", [worker], listening)).toEqual(
    all(
      [worker],
      listening.filter((port) => port !== ports.kubelet),
    ),
  );
  expect(await datagrams("outside", worker, ports.vxlan, ["pod", "node"])).toEqual(["node"]);
});

test("pods of all nodes reach each other at every port", async () => {
  expect(await reached("pod", [podElsewhere], listening)).toEqual(all([podElsewhere], listening));
  expect(await reached("overlay", [pod], listening)).toEqual(all([pod], listening));
  expect(await datagrams("overlay", podElsewhere, ports.vxlan, ["pod"])).toEqual(["pod"]);
});

test("the overlay leads to this node's pods only, and only from pods", async () => {
  expect(await reached("overlay", [otherMaster, worker], listening)).toEqual([]);
  expect(await reached("overlay", [pod], listening, "203.0.113.9")).toEqual([]);
});

test("nobody reaches the metadata service any more, root included", async () => {
  for (const place of ["node", "pod", "overlay"] as const)
    expect(await reached(place, metadata, [80]), place).toEqual([]);
});

test("the node itself reaches everything", async () => {
  for (const address of [pod, podElsewhere, otherMaster, worker])
    expect(await reached("node", [address], listening)).toEqual(all([address], listening));
  expect(await reached("outside", ["192.0.2.1"], listening)).toEqual(all(["192.0.2.1"], listening));
});
