import { expect, test } from "vitest";
import { openings, ports, type Opening } from "../ports.ts";
import { byName, run } from "./testing/engine.ts";
import { rulesFor, SecurityGroups, type Sources } from "./security-groups.ts";

const sources: Sources = {
  masters: "masters-id",
  workers: "workers-id",
  sshSources: ["203.0.113.7/32", "203.0.113.8/32"],
  apiSources: ["203.0.113.7/32"],
  anywhere: ["0.0.0.0/0"],
  nodePortSources: [],
};
const table = (group: "masters" | "workers") =>
  rulesFor(group, openings, sources).map(
    ({ protocol, startPort, endPort, network, securityGroup }) =>
      `${protocol} ${startPort === endPort ? startPort : `${startPort}-${endPort}`} from ${network ?? (securityGroup as string)}`,
  );

test("masters let in exactly this", () => {
  expect(table("masters")).toEqual([
    "tcp 22 from 203.0.113.7/32",
    "tcp 22 from 203.0.113.8/32",
    "tcp 6443 from 203.0.113.7/32",
    "tcp 6444 from 0.0.0.0/0",
    "tcp 6443 from masters-id",
    "tcp 6443 from workers-id",
    "tcp 2380 from masters-id",
    "tcp 2379 from masters-id",
    "tcp 7001 from masters-id",
    "tcp 4001 from masters-id",
    "tcp 4001 from workers-id",
    "tcp 10250 from masters-id",
    "udp 8472 from masters-id",
    "udp 8472 from workers-id",
    "tcp 30000-32767 from masters-id",
    "udp 30000-32767 from masters-id",
    "tcp 30000-32767 from workers-id",
    "udp 30000-32767 from workers-id",
  ]);
});

test("workers let in exactly this", () => {
  expect(table("workers")).toEqual([
    "tcp 22 from 203.0.113.7/32",
    "tcp 22 from 203.0.113.8/32",
    "tcp 10250 from masters-id",
    "udp 8472 from masters-id",
    "udp 8472 from workers-id",
    "tcp 30000-32767 from masters-id",
    "udp 30000-32767 from masters-id",
    "tcp 30000-32767 from workers-id",
    "udp 30000-32767 from workers-id",
  ]);
});

test("a list makes one rule per network, an empty one none", () => {
  const opening: Opening = {
    on: "workers",
    from: "nodePortSources",
    protocol: "tcp",
    first: 30000,
    last: 32767,
    listener: "kube-proxy",
    why: "Services",
  };
  const rules = (nodePortSources: string[]) => rulesFor("workers", [opening], { ...sources, nodePortSources });
  expect(rules([])).toEqual([]);
  expect(rules(["192.0.2.0/24", "198.51.100.0/24"])).toEqual([
    {
      direction: "ingress",
      protocol: "tcp",
      startPort: 30000,
      endPort: 32767,
      description: "kube-proxy: Services",
      network: "192.0.2.0/24",
    },
    {
      direction: "ingress",
      protocol: "tcp",
      startPort: 30000,
      endPort: 32767,
      description: "kube-proxy: Services",
      network: "198.51.100.0/24",
    },
  ]);
});

test("every rule says why, in what Exoscale has room for", () => {
  for (const opening of openings) {
    const [rule] = rulesFor(opening.on, [opening], { ...sources, nodePortSources: ["192.0.2.0/24"] });
    expect(rule!.description).toBe(`${opening.listener}: ${opening.why}`);
    expect(rule!.description.length).toBeLessThanOrEqual(255);
  }
});

test("no etcd and no loopback port is open to a network", () => {
  const closed = [ports.etcdClient, ports.etcdPeer, ports.infraEtcdClient, ports.infraEtcdPeer, ports.kubelet];
  for (const { first, last, from } of openings.filter(({ from }) => from.endsWith("Sources") || from === "anywhere")) {
    for (const port of closed) expect(port >= first && port <= last, `${port} from ${from}`).toBe(false);
  }
});

test("each group owns its rules, and its id is known once they stand", async () => {
  const api = { endpoint: "http://127.0.0.1/v2", zone: "ch-gva-2" };
  const { resources } = await run(
    () =>
      new SecurityGroups("dev", {
        api,
        sshSources: ["203.0.113.7/32"],
        apiSources: ["0.0.0.0/0"],
        nodePortSources: [],
      }),
  );
  expect(Object.keys(byName(resources, "SecurityGroup"))).toEqual(["dev-masters", "dev-workers"]);
  const rules = byName(resources, "SecurityGroupRules");
  expect(rules["dev-workers"]).toMatchObject({
    securityGroup: "dev-workers-id",
    rules: expect.arrayContaining([expect.objectContaining({ startPort: 8472, securityGroup: "dev-masters-id" })]),
  });
});
