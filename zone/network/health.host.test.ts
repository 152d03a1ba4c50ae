/** Managed elastic IPs, one for each mode of health checks, with the same holders. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { healthCheckSources, type HealthCheck, type Instance, type Rule } from "../types.ts";
import { Agent, Bed } from "./testing/bed.ts";
import { elasticIp, group, instance as numbered, rule, inventoryOf } from "./testing/environment.ts";
import { ZoneProcess } from "./testing/zone.ts";

const bridge = "exohealth0";
const subnet = "198.19.112.0/20";
const gateway = "198.19.112.1";
const check = (fields: Partial<HealthCheck>): HealthCheck => ({
  mode: "tcp",
  port: 7000,
  interval: 0.3,
  timeout: 0.25,
  strikesOk: 1,
  strikesFail: 2,
  ...fields,
});
const checks = {
  tcp: check({ mode: "tcp", port: 7000 }),
  http: check({ mode: "http", port: 8080, uri: "/healthz" }),
  unverified: check({ mode: "https", port: 8443, uri: "/readyz", tlsSkipVerify: true }),
  verified: check({ mode: "https", port: 8443, uri: "/readyz", tlsSni: "api.example.org" }),
  // The certificate for callers without a server name is not valid for any of them.
  mistrusted: check({ mode: "https", port: 8443, uri: "/readyz" }),
};
type Name = keyof typeof checks;
const names = Object.keys(checks) as Name[];
const addressOf = (name: Name): string => `198.19.127.${names.indexOf(name) + 1}`;

const holders = [1, 2, 3].map((n) => numbered(n, { securityGroups: ["holders"], elasticIps: names }, "198.19.113"));
const [first, second, third] = holders as [Instance, Instance, Instance];
const client = numbered(4, { securityGroups: [] }, "198.19.113");
/** Admits clients to the service. */
const forClients = rule({ protocol: "tcp", startPort: 6443, endPort: 6443, network: "0.0.0.0/0" });
const forChecks = rule({ protocol: "tcp", startPort: 7000, endPort: 8443, securityGroup: healthCheckSources.id });
const forTheHost = rule({ protocol: "tcp", startPort: 1, endPort: 65535, network: `${gateway}/32` });
const groupWith = (...rules: Rule[]): ReturnType<typeof inventoryOf>["securityGroups"] =>
  inventoryOf({ groups: [group("holders", rules)] }).securityGroups;
const inventory = inventoryOf({
  groups: [group("holders", [forClients, forChecks])],
  instances: [...holders, client],
  elasticIps: names.map((name) => elasticIp(name, addressOf(name), checks[name])),
});

const bed = new Bed({ bridge, subnet, gateway, ownHost: true });
const agents = new Map<string, Agent>();
const agentOf = ({ id }: Instance): Agent => agents.get(id)!;
let directory: string;
let zone: ZoneProcess;
let host: Agent;

/** A key and a self-signed certificate for a name. */
async function certify(name: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.pem`)];
  await execa("openssl", [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-noenc",
    "-keyout",
    key,
    "-out",
    cert,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    "-addext",
    `subjectAltName=DNS:${name}`,
  ]);
  return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
}

const answer = (holder: Instance, port: number, path: string, status: number): Promise<string> =>
  agentOf(holder).request({ do: "answer", port, path, status });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  const tls = { named: await certify("api.example.org"), unnamed: await certify("somebody") };
  // The certificate that health checks trust.
  vi.stubEnv("NODE_EXTRA_CA_CERTS", join(directory, "api.example.org.pem"));
  await bed.open();
  host = new Agent(bed.host);
  zone = new ZoneProcess({ state: join(directory, "state"), bridge, subnet, gateway }, bed.host);
  for (const one of [...holders, client]) agents.set(one.id, await bed.plug(one));
  for (const one of holders) {
    for (const port of [6443, 7000])
      await agentOf(one).request({ do: "listen", protocol: "tcp", port, name: one.name });
    await agentOf(one).request({ do: "serve", port: 8080 });
    await agentOf(one).request({ do: "serve", port: 8443, tls });
    await answer(one, 8080, "/healthz", 200);
    await answer(one, 8443, "/readyz", 200);
  }
  await zone.do("open", inventory);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await host?.end();
  await zone?.do("close", inventory);
  await zone?.kill();
  await bed.close();
  await rm(directory, { recursive: true, force: true });
});

/** The instances that answer at an elastic IP in many tries, or the errors. */
async function answers(name: Name, from: Agent): Promise<string[]> {
  const ask = (): Promise<string> =>
    from.request({ do: "ask", protocol: "tcp", address: addressOf(name), port: 6443, timeout: 1000 }).then(
      (said) => said.split(" ")[0]!,
      (error: Error) => error.message,
    );
  return [...new Set(await Promise.all(Array.from({ length: 9 }, ask)))].sort();
}

/** Waits until each elastic IP is answered by these, for instances as well as for the host. */
async function expectAnswers(expected: Record<Name, readonly Instance[]>): Promise<void> {
  const want = Object.fromEntries(
    names.map((name) => [
      name,
      expected[name].length === 0 ? ["ECONNREFUSED"] : expected[name].map(({ name: who }) => who),
    ]),
  );
  for (const from of [agentOf(client), host]) {
    await vi.waitFor(
      async () => {
        expect(
          Object.fromEntries(await Promise.all(names.map(async (name) => [name, await answers(name, from)]))),
        ).toEqual(want);
      },
      { timeout: 15_000, interval: 200 },
    );
  }
}

const all = { tcp: holders, http: holders, unverified: holders, verified: holders, mistrusted: [] };

test("each has the holders that pass its own check", async () => {
  await expectAnswers(all);
});

test("a status of 2xx is well, everything else is not, a redirect to where all is well among it", async () => {
  await answer(first, 8080, "/healthz", 500);
  await answer(second, 8080, "/healthz", 302);
  await answer(third, 8080, "/healthz", 204);
  await answer(second, 8443, "/readyz", 401);
  await expectAnswers({ ...all, http: [third], unverified: [first, third], verified: [first, third] });
});

test("the one without healthy holders refuses at once, and comes back; the others go on", async () => {
  for (const one of holders) await answer(one, 8443, "/readyz", 503);
  await expectAnswers({ ...all, http: [third], unverified: [], verified: [] });
  for (const one of holders) {
    await answer(one, 8443, "/readyz", 200);
    await answer(one, 8080, "/healthz", 200);
  }
  await expectAnswers(all);
});

test("holders that do not admit the health checks' sources are unhealthy, even if they admit the host", async () => {
  inventory.securityGroups = groupWith(forClients, forTheHost);
  await zone.do("apply", inventory);
  await expectAnswers({ tcp: [], http: [], unverified: [], verified: [], mistrusted: [] });
  // The service itself is still reachable.
  expect(await agentOf(client).ask("tcp", first.address!, 6443)).toBe(`${first.name} ${client.address}`);
  inventory.securityGroups = groupWith(forClients, forChecks);
  await zone.do("apply", inventory);
  await expectAnswers(all);
});

test("an elastic IP that becomes plain, and managed again", async () => {
  inventory.elasticIps.set("tcp", elasticIp("tcp", addressOf("tcp")));
  await zone.do("apply", inventory);
  expect(await agentOf(client).ask("tcp", addressOf("tcp"), 6443)).toBeUndefined();
  inventory.elasticIps.set("tcp", elasticIp("tcp", addressOf("tcp"), check({ port: 6999 })));
  await zone.do("apply", inventory);
  // There is no listener.
  await expectAnswers({ ...all, tcp: [] });
  inventory.elasticIps.set("tcp", elasticIp("tcp", addressOf("tcp"), checks.tcp));
  await zone.do("apply", inventory);
  await expectAnswers(all);
});
