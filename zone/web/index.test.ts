import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runZone } from "../daemon.ts";
import { noMachines } from "../machines/none.ts";
import { noNetwork } from "../network/index.ts";
import { clientOf, instanceBody, templateBody, type Client, type Json } from "../testing/client.ts";
import { eventsAt, startWeb, type TestWeb } from "./testing/web.ts";

let web: TestWeb;
let client: Client;
let consoleReads = 0;
const consoleLog = async () => {
  consoleReads++;
  return "Welcome\n";
};
const unhealthy = new Set<string>();

beforeEach(async () => {
  web = await startWeb({
    machines: { ...noMachines(), consoleLog },
    network: { ...noNetwork(), isHealthy: (_, instance) => !unhealthy.has(instance) },
  });
  client = clientOf(web);
});
afterEach(() => web.close());

/** A request that `fetch` would not send: with any path, `Host` and method. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<IncomingMessage & { content: string }> {
  const { hostname, port } = new URL(web.origin);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ hostname, port, path, method, headers, agent: false }, resolve).on("error", reject).end();
  });
  if (response.headers["content-type"] !== "text/event-stream")
    return Object.assign(response, { content: await text(response) });
  response.destroy();
  return Object.assign(response, { content: "" });
}

/** The snapshot that a page gets first. */
async function snapshot(): Promise<Record<string, Json>> {
  const sections: Record<string, Json> = {};
  for await (const { name, data } of eventsAt(`${web.origin}/live`)) {
    sections[name] = data;
    if (name === "operations") break; // the last
  }
  return sections;
}

const files = readdirSync(join(import.meta.dirname, "page"));

describe("the page", () => {
  it.each(["/", ...files.map((file) => `/${file}`)])(
    "may load nothing from other origins and cannot be embedded: %s",
    async (path) => {
      const { statusCode, headers, content } = await ask(path);
      expect(statusCode).toBe(200);
      expect(headers["content-security-policy"]).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
      });
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(content.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
    },
  );

  it.each(["/elsewhere", "/package.json", "/../index.ts", "/%2e%2e/index.ts", "/page/", "/live/", "/.git", "/%"])(
    "does not answer other paths: %s",
    async (path) => {
      const { statusCode, content } = await ask(path);
      expect(statusCode).toBe(404);
      expect(JSON.parse(content).message).toContain(web.url);
    },
  );

  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])("is read-only: %s", async (method) => {
    for (const path of ["/", "/main.js", "/live"]) {
      const { statusCode, headers } = await ask(path, {}, method);
      expect([statusCode, headers["allow"]]).toEqual([405, "GET"]);
    }
  });

  it("answers only requests for this machine's names or the address of the connection", async () => {
    const { host } = new URL(web.origin);
    for (const name of [host, "localhost", "localhost:9999", "127.0.0.1:9999"]) {
      expect((await ask("/", { host: name })).statusCode, name).toBe(200);
    }
    for (const name of [
      "example.com",
      `example.com:${web.zone.url}`,
      "192.0.2.1",
      "127.0.0.1.example.com",
      "localhost.example.com",
      "[::2]",
      "127.0.0.1@example.com",
    ]) {
      for (const path of ["/", "/main.js", "/live", "/live/console/x"]) {
        const { statusCode, content } = await ask(path, { host: name });
        expect(statusCode, `${path} at ${name}`).toBe(403);
        expect(content).not.toContain("<");
      }
    }
  });

  it("is served at the daemon's address until the daemon ends", async () => {
    const state = mkdtempSync(join(tmpdir(), "zone-web-"));
    const zone = await runZone(
      { state, machines: "none", host: "127.0.0.1", port: 0, network: "198.18.0.0/16", networkName: "none" },
      () => {},
    );
    const { origin } = new URL(zone.api.zone.url);
    expect(await (await fetch(origin)).text()).toContain("<title>Local zone</title>");
    const follow = async () => {
      for await (const { name } of eventsAt(`${origin}/live`)) if (name === "operations") await zone.close();
    };
    await expect(follow()).rejects.toThrow("terminated"); // an open stream does not keep the daemon running
    rmSync(state, { recursive: true });
  });

  it("refuses pages of other origins", async () => {
    for (const origin of ["http://example.com", "null", "http://127.0.0.1:1"]) {
      expect((await ask("/live", { origin })).statusCode, origin).toBe(403);
    }
    expect((await ask("/live", { origin: web.origin })).statusCode).toBe(200);
  });
});

describe("the snapshot", () => {
  it("shows resources and what they belong to", async () => {
    const template = await client.operate("POST", "/template", templateBody);
    const group = await client.operate("POST", "/security-group", { name: "masters" });
    await client.operate("POST", `/security-group/${group}/rules`, {
      "flow-direction": "ingress",
      protocol: "tcp",
      "start-port": 6443,
      "end-port": 6444,
      network: "0.0.0.0/0",
      description: "apiserver",
    });
    await client.operate("POST", `/security-group/${group}/rules`, {
      "flow-direction": "ingress",
      protocol: "icmp",
      icmp: { type: 8, code: 0 },
      "security-group": { name: "public-nlb-healthcheck-sources" },
    });
    const network = await client.operate("POST", "/private-network", {
      name: "inner",
      "start-ip": "10.0.0.10",
      "end-ip": "10.0.0.20",
      netmask: "255.255.255.0",
    });
    const elasticIp = await client.operate("POST", "/elastic-ip", {
      healthcheck: { mode: "https", port: 6443, uri: "/readyz" },
    });
    const [one, two] = (await Promise.all(
      ["one", "two"].map((name) =>
        client.operate(
          "POST",
          "/instance",
          instanceBody(template, { name, "security-groups": [{ id: group }], labels: { role: "master" } }),
        ),
      ),
    )) as [string, string];
    for (const id of [one, two]) await client.operate("PUT", `/elastic-ip/${elasticIp}:attach`, { instance: { id } });
    await client.operate("PUT", `/private-network/${network}:attach`, { instance: { id: one } });
    unhealthy.add(two);

    const seen = await snapshot();
    expect(seen["zone"]).toEqual({ name: "local-1", url: web.url });
    expect(seen["instances"].find(({ id }: Json) => id === one)).toMatchObject({
      name: "one",
      state: "running",
      type: "standard.small",
      address: expect.stringMatching(/^198\.18\.1\./),
      labels: { role: "master" },
      template: { id: template, name: "Flatcar" },
      securityGroups: [{ id: group, name: "masters" }],
      elasticIps: [{ id: elasticIp, address: expect.any(String) }],
      privateNetworks: [{ id: network, name: "inner", ip: "10.0.0.10" }],
    });
    const { members, rules } = seen["securityGroups"].find(({ id }: Json) => id === group);
    expect(members).toBe(2);
    expect(rules).toMatchObject([
      { direction: "ingress", protocol: "tcp", what: "6443 to 6444", network: "0.0.0.0/0", description: "apiserver" },
      { protocol: "icmp", what: "type 8, code 0", group: { name: "public-nlb-healthcheck-sources", known: false } },
    ]);
    const [{ healthcheck, holders }] = seen["elasticIps"];
    expect(healthcheck).toMatchObject({ probe: "https:6443/readyz", interval: 10 });
    expect(Object.fromEntries(holders.map(({ name, healthy }: Json) => [name, healthy]))).toEqual({
      one: true,
      two: false,
    });
    expect(seen["privateNetworks"]).toMatchObject([{ name: "inner", members: [{ name: "one", ip: "10.0.0.10" }] }]);
    expect(seen["templates"]).toMatchObject([{ name: "Flatcar", imported: true }]);
    expect(seen["operations"][0]).toMatchObject({
      command: "attach-instance-to-private-network",
      state: "success",
      about: { type: "private-network", name: "inner" },
    });
  });

  it("holds no secret", async () => {
    const userData = Buffer.from("the secret of user-data").toString("base64");
    const template = await client.operate("POST", "/template", { ...templateBody, "password-enabled": true });
    const blob = Buffer.concat(
      ["ssh-ed25519", "k".repeat(32)].flatMap((part) => [Buffer.from([0, 0, 0, part.length]), Buffer.from(part)]),
    ).toString("base64");
    await client.operate("POST", "/ssh-key", { name: "mine", "public-key": `ssh-ed25519 ${blob} me` });
    const id = await client.operate(
      "POST",
      "/instance",
      instanceBody(template, { name: "keeper", "user-data": userData, "ssh-key": { name: "mine" } }),
    );
    await client.operate("PUT", `/instance/${id}`, { "user-data": userData });
    await client.operate("PUT", `/instance/${id}:reset-password`);
    const { password } = await client.get(`/instance/${id}:password`);
    const seen = JSON.stringify(await snapshot());
    expect(seen).toContain("keeper");
    expect(seen).toContain("mine");
    for (const secret of [
      userData,
      "the secret of user-data",
      password,
      blob,
      web.secret,
      web.key,
      "user-data",
      "userData",
    ]) {
      expect(seen).not.toContain(secret);
    }
  });

  it("sends only changed sections again", async () => {
    const sections: string[] = [];
    for await (const { name, data } of eventsAt(`${web.origin}/live`)) {
      sections.push(name);
      if (sections.length === 7) await client.operate("POST", "/security-group", { name: "new" });
      if (sections.length > 7 && name === "operations" && data[0].state === "success") break;
    }
    expect(sections.slice(0, 7).sort()).toEqual([
      "elasticIps",
      "instances",
      "operations",
      "privateNetworks",
      "securityGroups",
      "templates",
      "zone",
    ]);
    expect(new Set(sections.slice(7))).toEqual(new Set(["securityGroups", "operations"]));
  });

  it("shows a hundred operations, newest first, and all pending ones", async () => {
    web.faults.add({ kind: "operation-hangs", count: 1 });
    const { body: hung } = await client.call("POST", "/security-group", { name: "hung" });
    for (let n = 0; n < 120; n++) await client.operate("POST", "/security-group", { name: `group-${n}` });
    const { operations } = await snapshot();
    expect(operations.map(({ about }: Json) => about.name)).toEqual([
      ...Array.from({ length: 100 }, (_, n) => `group-${119 - n}`),
      "hung",
    ]);
    expect(operations.at(-1)).toMatchObject({ id: hung.id, state: "pending" });
  });
});

describe("a console", () => {
  it("is read only while a client follows it", async () => {
    const template = await client.operate("POST", "/template", templateBody);
    const id = await client.operate("POST", "/instance", instanceBody(template));
    expect(consoleReads).toBe(0);
    for await (const event of eventsAt(`${web.origin}/live/console/${id}`)) {
      expect(event).toEqual({ name: "begin", data: "Welcome\n" });
      break;
    }
    const reads = consoleReads;
    await new Promise((resolve) => setTimeout(resolve, 1500)); // longer than the interval
    expect(consoleReads).toBe(reads);
  });

  it("ends with its instance, and does not exist without one", async () => {
    const template = await client.operate("POST", "/template", templateBody);
    const id = await client.operate("POST", "/instance", instanceBody(template));
    const names: string[] = [];
    for await (const { name } of eventsAt(`${web.origin}/live/console/${id}`)) {
      names.push(name);
      if (name === "begin") await client.operate("DELETE", `/instance/${id}`);
    }
    expect(names).toEqual(["begin", "end"]);
    for (const nobody of [id, "", "../x", "%"]) expect((await ask(`/live/console/${nobody}`)).statusCode).toBe(404);
  });
});
