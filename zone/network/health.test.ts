import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import type { HealthCheck } from "../types.ts";
import { HealthChecks } from "./health.ts";
import { probe } from "./probe.ts";
import { elasticIp, instance, inventoryOf } from "./testing/environment.ts";

const check = (fields: Partial<HealthCheck>): HealthCheck => ({
  mode: "http",
  port: 1,
  interval: 0.02,
  timeout: 0.2,
  strikesOk: 2,
  strikesFail: 3,
  ...fields,
});

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function listening<S extends Server | ReturnType<typeof createTcpServer>>(server: S): Promise<number> {
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const ask = (fields: Partial<HealthCheck>): Promise<boolean> =>
  probe(check(fields), "127.0.0.1", "127.0.0.1", new AbortController().signal);

test.each([
  [200, true],
  [204, true],
  [302, false],
  [404, false],
  [500, false],
])("an HTTP answer of %d", async (status, healthy) => {
  const port = await listening(
    createServer((request, response) =>
      response.writeHead(request.url === "/readyz" ? status : 418, { location: "/" }).end(),
    ),
  );
  expect(await ask({ port, uri: "/readyz", timeout: 5 })).toBe(healthy);
});

test("a closed port, and one that says nothing", async () => {
  const port = await listening(createTcpServer(() => {}));
  expect(await ask({ port, mode: "tcp" })).toBe(true);
  expect(await ask({ port, mode: "http" })).toBe(false);
  expect(await ask({ port, mode: "https", tlsSkipVerify: true })).toBe(false);
  open.pop()!.close();
  expect(await ask({ port, mode: "tcp" })).toBe(false);
});

test("strikes: the first good answer counts, then it takes as many in a row as the check says", async () => {
  let script: boolean[] = [];
  const seen: string[] = [];
  const port = await listening(createServer((_, response) => response.writeHead(script.shift() ? 200 : 500).end()));
  const inventory = inventoryOf({
    instances: [instance(1, { address: "127.0.0.1", elasticIps: ["api"] })],
    elasticIps: [elasticIp("api", "198.18.255.1", check({ port }))],
  });
  const [ip, holder] = [inventory.elasticIps.get("api")!, inventory.instances.get("instance-1")!];
  const checks = new HealthChecks({
    from: "127.0.0.1",
    log: () => {},
    onChange: () => seen.push(`${checks.healthy(ip, holder) ? "up" : "down"} with ${script.length} to come`),
  });
  open.push(checks);
  //        not yet       up    two bad, not enough   three bad: down       one good, not enough  two good: up  stays
  script = [false, false, true, false, false, true, false, false, false, true, false, true, true, true];
  checks.follow(inventory);
  await vi.waitFor(() => expect(seen.length).toBe(3), 2000);
  expect(seen).toEqual(["up with 11 to come", "down with 5 to come", "up with 1 to come"]);
});

test("an instance that does not run is unhealthy at once, and begins anew", async () => {
  const port = await listening(createTcpServer(() => {}));
  const inventory = inventoryOf({
    instances: [instance(1, { address: "127.0.0.1", elasticIps: ["api"] })],
    elasticIps: [elasticIp("api", "198.18.255.1", check({ mode: "tcp", port, interval: 60 }))],
  });
  const [ip, holder] = [inventory.elasticIps.get("api")!, inventory.instances.get("instance-1")!];
  const checks = new HealthChecks({ from: "127.0.0.1", log: () => {}, onChange: () => {} });
  open.push(checks);
  checks.follow(inventory);
  await vi.waitFor(() => expect(checks.healthy(ip, holder)).toBe(true));
  // Changed settings keep the state.
  inventory.elasticIps.set("api", { ...ip, healthcheck: check({ mode: "tcp", port, interval: 61 }) });
  checks.follow(inventory);
  expect(checks.healthy(ip, holder)).toBe(true);
  inventory.instances.set(holder.id, { ...holder, state: "stopped" });
  checks.follow(inventory);
  expect(checks.healthy(ip, holder)).toBe(false);
  inventory.instances.set(holder.id, holder);
  checks.follow(inventory);
  await vi.waitFor(() => expect(checks.healthy(ip, holder)).toBe(true));
});
