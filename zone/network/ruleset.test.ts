import { expect, test } from "vitest";
import { healthCheckSources, type Rule } from "../types.ts";
import { targetsOf } from "./elastic.ts";
import { layoutOf } from "./layout.ts";
import { renderLock, renderRemoval, renderRuleset } from "./ruleset.ts";
import { elasticIp, group, instance, privateNetwork, rule, inventoryOf } from "./testing/environment.ts";

const layout = layoutOf({ bridge: "exozone0", subnet: "198.18.0.0/16", gateway: "198.18.0.1" });

const render = (inventory = inventoryOf({}), healthy = true): string =>
  renderRuleset(inventory, { layout, metadataPort: 40080, targets: targetsOf(inventory, () => healthy) });

test("a cluster's zone renders as it did", async () => {
  const inventory = inventoryOf({
    groups: [
      group("masters", [
        rule({ protocol: "tcp", startPort: 22, endPort: 22, network: "192.0.2.77/24" }),
        rule({ protocol: "tcp", startPort: 6443, endPort: 6443, securityGroup: healthCheckSources.id }),
        rule({ protocol: "tcp", startPort: 2379, endPort: 2380, securityGroup: "masters" }),
        rule({ protocol: "udp", startPort: 8472, endPort: 8472, securityGroup: "workers" }),
        rule({ protocol: "icmp", icmp: { type: 8, code: 0 }, network: "0.0.0.0/0" }),
      ]),
      group("workers", [
        rule({ protocol: "tcp", startPort: 10250, endPort: 10250, securityGroup: "masters" }),
        rule({ protocol: "icmp", icmp: { type: -1, code: -1 }, network: "198.18.0.0/16" }),
        rule({ protocol: "esp", securityGroup: "workers" }),
      ]),
      group(
        'quiet "one"; drop',
        [rule({ direction: "egress", protocol: "udp", startPort: 53, endPort: 53, network: "203.0.113.0/24" })],
        "quiet",
      ),
    ],
    instances: [
      instance(1, { name: "master-1", securityGroups: ["masters"], elasticIps: ["api"] }),
      instance(2, { name: "master-2", securityGroups: ["masters"], elasticIps: ["api"] }),
      instance(3, { name: "master-3", securityGroups: ["masters"], elasticIps: ["api"], state: "stopped" }),
      instance(4, { name: "worker-1", securityGroups: ["workers"] }),
      instance(5, { name: "worker-2", securityGroups: ["quiet", "workers"], elasticIps: ["plain"] }),
      instance(6, { name: "private", securityGroups: ["workers"], address: null }),
    ],
    elasticIps: [
      elasticIp("api", "198.18.255.1", {
        mode: "tcp",
        port: 6443,
        interval: 5,
        timeout: 2,
        strikesOk: 2,
        strikesFail: 3,
      }),
      elasticIp("plain", "198.18.255.2"),
    ],
    privateNetworks: [privateNetwork("lan")],
  });
  await expect(render(inventory)).toMatchFileSnapshot("testing/ruleset.nft");
});

test("an empty zone lets nothing in", () => {
  const text = render();
  expect(text).not.toContain("elements = {\n  }");
  expect(text).toContain("map ingress {\n    type ipv4_addr : verdict\n  }");
});

test("an elastic IP without a healthy holder has no target", () => {
  const inventory = inventoryOf({
    instances: [instance(1, { elasticIps: ["api"] })],
    elasticIps: [
      elasticIp("api", "198.18.255.1", { mode: "tcp", port: 1, interval: 5, timeout: 2, strikesOk: 2, strikesFail: 3 }),
    ],
  });
  expect(render(inventory, true)).toContain("ip daddr 198.18.255.1 dnat ip to numgen inc mod 1 map { 0 : 198.18.1.1 }");
  expect(render(inventory, false)).not.toContain("numgen");
});

test.each<[string, Partial<Rule>, string | undefined]>([
  ["all ports", { protocol: "tcp", network: "10.0.0.0/8" }, "ip saddr 10.0.0.0/8 meta l4proto tcp accept"],
  ["one port", { protocol: "udp", startPort: 53, endPort: 53, network: "0.0.0.0/0" }, "udp dport 53 accept"],
  [
    "a range, for everybody",
    { protocol: "tcp", startPort: 1, endPort: 65535, network: "0.0.0.0/0" },
    "tcp dport 1-65535 accept",
  ],
  ["host bits in a network", { protocol: "gre", network: "10.1.2.3/8" }, "ip saddr 10.0.0.0/8 meta l4proto 47 accept"],
  [
    "an ICMP type with any code",
    { protocol: "icmp", icmp: { type: 3, code: -1 }, network: "0.0.0.0/0" },
    "icmp type 3 accept",
  ],
  [
    "egress",
    { direction: "egress", protocol: "tcp", network: "10.0.0.0/8" },
    "ip daddr 10.0.0.0/8 meta l4proto tcp goto delivery",
  ],
  ["IPv6", { protocol: "tcp", network: "::/0" }, undefined],
  ["ICMPv6", { protocol: "icmpv6", network: "0.0.0.0/0" }, undefined],
  ["a peer that is gone", { protocol: "tcp", securityGroup: "gone" }, undefined],
  ["no peer", { protocol: "tcp" }, undefined],
])("a rule of %s", (_, fields, expected) => {
  const one = rule(fields);
  const lines = render(inventoryOf({ groups: [group("g", [one])] }))
    .split("\n")
    .filter((line) => line.includes(one.id));
  expect(lines.map((line) => line.trim())).toEqual(expected === undefined ? [] : [`${expected} comment "${one.id}"`]);
});

test("external sources count as members", () => {
  const inventory = inventoryOf({
    groups: [{ ...group("g", []), externalSources: ["192.0.2.0/24", "2001:db8::/32"] }],
  });
  expect(render(inventory)).toMatch(
    /set members-g \{\n\s+type ipv4_addr\n\s+flags interval\n\s+auto-merge\n\s+elements = \{\n\s+192\.0\.2\.0\/24,\n\s+\}/,
  );
});

test("the public group of the health checks' sources is their address, and not the host's", () => {
  const inventory = inventoryOf({
    groups: [group("g", [rule({ protocol: "tcp", securityGroup: healthCheckSources.id })])],
  });
  expect(render(inventory)).toMatch(
    new RegExp(
      `set members-${healthCheckSources.id} \\{\\n\\s+type ipv4_addr\\n\\s+elements = \\{\\n\\s+198\\.18\\.0\\.2,\\n\\s+\\}`,
    ),
  );
});

test("before there are rules, nothing passes from or to any instance", async () => {
  const inventory = inventoryOf({
    groups: [group("g", [rule({ network: "0.0.0.0/0" })])],
    instances: [instance(1, { securityGroups: ["g"] })],
    privateNetworks: [privateNetwork("lan")],
  });
  await expect(renderLock(inventory, layout)).toMatchFileSnapshot("testing/lock.nft");
});

test("the tables are named after the bridge", () => {
  expect(renderRemoval("other0")).toBe(
    "table bridge other0\ndelete table bridge other0\ntable inet other0\ndelete table inet other0\n",
  );
});

test("a thousand instances stay small: an element each, not rules", () => {
  const groups = [group("a", [rule({ protocol: "tcp", securityGroup: "a" })])];
  const size = (count: number): number =>
    render(
      inventoryOf({
        groups,
        instances: Array.from({ length: count }, (_, index) => instance(index + 1, { securityGroups: ["a"] })),
      }),
    ).length;
  expect((size(1001) - size(1)) / 1000).toBeLessThan(200);
});
