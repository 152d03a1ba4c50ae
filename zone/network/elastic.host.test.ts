import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { healthCheckSources, type Instance, type Network } from "../types.ts";
import { createNetwork } from "./index.ts";
import { Agent, Bed } from "./testing/bed.ts";
import { elasticIp, group, instance, rule, inventoryOf } from "./testing/environment.ts";

const bridge = "exoelastic0";
const subnet = "198.19.144.0/20";
const gateway = "198.19.144.1";
const managed = "198.19.159.1";
const plain = "198.19.159.2";

const masters = [1, 2, 3].map((n) =>
  instance(n, { securityGroups: ["masters"], elasticIps: ["managed"] }, "198.19.145"),
);
const client = instance(4, { securityGroups: ["clients"] }, "198.19.145");
const stranger = instance(5, { securityGroups: ["strangers"] }, "198.19.145");
const inventory = inventoryOf({
  groups: [
    group("masters", [
      rule({ protocol: "tcp", startPort: 6443, endPort: 6443, securityGroup: healthCheckSources.id }),
      rule({ protocol: "tcp", startPort: 6443, endPort: 6443, network: `${gateway}/32` }),
      rule({ protocol: "tcp", startPort: 6443, endPort: 6443, securityGroup: "clients" }),
      rule({ protocol: "tcp", startPort: 6443, endPort: 6443, securityGroup: "masters" }),
    ]),
    group("clients", []),
    group("strangers", []),
  ],
  instances: [...masters, client, stranger],
  elasticIps: [
    elasticIp("managed", managed, {
      mode: "tcp",
      port: 6443,
      interval: 0.25,
      timeout: 0.5,
      strikesOk: 1,
      strikesFail: 2,
    }),
    elasticIp("plain", plain),
  ],
});
const bed = new Bed({ bridge, subnet, gateway });
const agents = new Map<string, Agent>();
const host = new Agent();
const log: string[] = [];
let state: string;
let network: Network;

const agentOf = ({ id }: Instance): Agent => agents.get(id)!;
const listen = (one: Instance): Promise<string> =>
  agentOf(one).request({ do: "listen", protocol: "tcp", port: 6443, name: one.id });
const setState = async (one: Instance, to: Instance["state"]): Promise<void> => {
  inventory.instances.set(one.id, { ...inventory.instances.get(one.id)!, state: to });
  await network.apply();
};

/** The instances that answer at the elastic IP in many tries, with the caller's address as they see it. */
async function answers(from: Agent): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: 12 }, () => from.ask("tcp", managed, 6443, { timeout: 1000 })));
  return [...new Set(all.map((answer) => answer ?? "no answer"))].sort();
}

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  await bed.open();
  network = createNetwork({ state, inventory, bridge, subnet, gateway, log: (line) => log.push(line) });
  await network.open();
  for (const one of inventory.instances.values()) agents.set(one.id, await bed.plug(one));
  await Promise.all(masters.map(listen));
});

afterAll(async () => {
  await host.end();
  await network?.close();
  await bed.close();
  await rm(state, { recursive: true, force: true });
});

beforeEach(async () => {
  await vi.waitFor(async () => expect((await answers(host)).length).toBe(3), { timeout: 5000, interval: 100 });
});

test("the host and instances reach every healthy holder; groups see who calls", async () => {
  expect(await answers(host)).toEqual(masters.map(({ id }) => `${id} ${gateway}`));
  expect(await answers(agentOf(client))).toEqual(masters.map(({ id }) => `${id} ${client.address}`));
  expect(await answers(agentOf(stranger))).toEqual(["no answer"]);
});

test("a holder does not get through to its own elastic IP", async () => {
  expect(await answers(agentOf(masters[0]!))).toEqual(["no answer"]);
});

test("a holder whose service ends gets nothing more once it has had its strikes", async () => {
  const [first, ...others] = masters as [Instance, Instance, Instance];
  await agentOf(first).request({ do: "unlisten", port: 6443 });
  const start = performance.now();
  await vi.waitFor(async () => expect(await answers(host)).toEqual(others.map(({ id }) => `${id} ${gateway}`)), {
    timeout: 5000,
    interval: 50,
  });
  // Two strikes, a quarter of a second apart, on a machine that may be busy.
  expect(performance.now() - start).toBeLessThan(2000);
  expect(log.at(-1)).toBe(`elastic IP ${managed}: ${first.name} (${first.address}) is unhealthy`);
  await listen(first);
});

test("a holder that does not run gets nothing more at once, and its connections end", async () => {
  const connected = (await agentOf(client).request({ do: "hold", address: managed, port: 6443 })).split(" ")[0]!;
  const gone = masters.find(({ id }) => id === connected)!;
  // Silence, as of a machine that hangs: the client would notice nothing by itself.
  await bed.inside(gone, "link set eth0 down");
  await setState(gone, "stopped");
  expect(await answers(agentOf(client))).toEqual(
    masters.filter((one) => one !== gone).map(({ id }) => `${id} ${client.address}`),
  );
  const start = performance.now();
  await expect(agentOf(client).request({ do: "held", timeout: 5000 })).rejects.toThrow(/ECONNRESET|EPIPE/);
  expect(performance.now() - start).toBeLessThan(2000);
  await bed.inside(gone, "link set eth0 up");
  await bed.inside(gone, `route add default via ${gateway}`);
  await setState(gone, "running");
});

test("without a healthy holder callers hear at once that there is none", async () => {
  for (const one of masters) await setState(one, "stopped");
  await expect(host.request({ do: "ask", protocol: "tcp", address: managed, port: 6443 })).rejects.toThrow(
    "ECONNREFUSED",
  );
  await expect(agentOf(client).request({ do: "ask", protocol: "tcp", address: managed, port: 6443 })).rejects.toThrow(
    "ECONNREFUSED",
  );
  for (const one of masters) await setState(one, "running");
});

test("a plain elastic IP is reached where its holder has it configured", async () => {
  const [first] = masters as [Instance];
  expect(await host.ask("tcp", plain, 6443)).toBeUndefined();
  await bed.inside(first, `addr add ${plain}/32 dev lo`);
  expect(await host.ask("tcp", plain, 6443)).toBeUndefined();
  inventory.instances.set(first.id, { ...inventory.instances.get(first.id)!, elasticIps: ["managed", "plain"] });
  await network.apply();
  await vi.waitFor(async () => expect(await host.ask("tcp", plain, 6443)).toBe(`${first.id} ${gateway}`), {
    timeout: 8000,
    interval: 200,
  });
  await vi.waitFor(
    async () => expect(await agentOf(client).ask("tcp", plain, 6443)).toBe(`${first.id} ${client.address}`),
    { timeout: 8000, interval: 200 },
  );
  expect(await agentOf(stranger).ask("tcp", plain, 6443)).toBeUndefined();
});
