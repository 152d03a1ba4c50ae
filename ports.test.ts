import { expect, test } from "vitest";
import { closedToPods, openings, ownPorts, ports } from "./ports.ts";

const groups = ["masters", "workers"] as const;

test("every port that a node listens on is its own, so that no pod gets it", () => {
  const { nodePortFirst, nodePortLast, ...others } = ports;
  const own = groups.flatMap((group) => ownPorts[group]).map(({ port }) => port);
  expect([...new Set(own)].sort()).toEqual([...new Set(Object.values(others))].sort());
  for (const { on, first, protocol } of openings.filter(({ last }) => last !== nodePortLast))
    expect(ownPorts[on], `${first}/${protocol}`).toContainEqual(expect.objectContaining({ port: first, protocol }));
  // Neither a Service of type NodePort nor a client's own port, by Linux's default range, is one of them.
  expect(own.filter((port) => port >= nodePortFirst && port <= 60_999)).toEqual([]);
});

test("no node has a port twice", () => {
  for (const group of groups) {
    const named = ownPorts[group].map(({ port, protocol }) => `${port}/${protocol}`);
    expect(new Set(named).size).toBe(named.length);
  }
});

test("nodes admit each other's node ports; who else may come is a setting, and for workers only", () => {
  const sources = (on: string) =>
    openings
      .filter((each) => each.on === on && each.first === ports.nodePortFirst && each.last === ports.nodePortLast)
      .map(({ from, protocol }) => `${from}/${protocol}`)
      .sort();
  const nodes = ["masters/tcp", "masters/udp", "workers/tcp", "workers/udp"];
  expect(sources("masters")).toEqual(nodes);
  expect(sources("workers")).toEqual([...nodes, "nodePortSources/tcp", "nodePortSources/udp"].sort());
});

test("of a node's own ports, pods may connect to the apiserver's alone", () => {
  expect(closedToPods("masters", "tcp")).toEqual(
    expect.arrayContaining([ports.ssh, ports.etcdClient, ports.etcdPeer, ports.infraEtcdClient, ports.kubelet]),
  );
  expect(closedToPods("masters", "tcp")).not.toContain(ports.apiserver);
  expect(closedToPods("workers", "tcp")).toContain(ports.haproxy);
  expect(closedToPods("workers", "udp")).toEqual([ports.dhcpClient, ports.vxlan]);
});
