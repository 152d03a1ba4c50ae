import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { noNetwork } from "../network/index.ts";
import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client, type Json } from "../testing/client.ts";
import { healthCheckSources } from "../types.ts";

const unknown = "00000000-0000-0000-0000-000000000000";

let api: TestApi;
let client: Client;
let applied = 0;

beforeAll(async () => {
  api = await startApi({ network: { ...noNetwork(), apply: async () => void applied++ } });
  client = clientOf(api);
});
afterAll(() => api.close());
beforeEach(() => {
  applied = 0;
});

const makeInstance = async () =>
  client.operate("POST", "/instance", instanceBody(await client.operate("POST", "/template", templateBody)));

describe("security groups", () => {
  it("have a default that stays", async () => {
    const { "security-groups": groups } = await client.get("/security-group");
    const fallback = groups.find((group: Json) => group.name === "default");
    expect((await client.call("DELETE", `/security-group/${fallback.id}`)).status).toBe(409);
  });

  it("have unique names and no rules at first", async () => {
    const id = await client.operate("POST", "/security-group", { name: "unique", description: "d" });
    expect(await client.get(`/security-group/${id}`)).toEqual({
      id,
      name: "unique",
      description: "d",
      visibility: "private",
    });
    expect(await client.call("POST", "/security-group", { name: "unique" })).toEqual({
      status: 409,
      body: { message: "Security Group name is already in use" },
    });
    expect((await client.call("POST", "/security-group", { name: "x".repeat(256) })).status).toBe(400);
    await client.operate("DELETE", `/security-group/${id}`);
    expect((await client.call("DELETE", `/security-group/${id}`)).status).toBe(404);
  });

  it("refer to the group in a rule's operation", async () => {
    const id = await client.operate("POST", "/security-group", { name: "rules" });
    const tcp = {
      "flow-direction": "ingress",
      protocol: "tcp",
      "start-port": 80,
      "end-port": 81,
      network: "0.0.0.0/0",
      description: "web",
    };
    const peer = {
      "flow-direction": "egress",
      protocol: "udp",
      "start-port": 53,
      "end-port": 53,
      "security-group": { id },
    };
    const ping = { "flow-direction": "ingress", protocol: "icmp", icmp: { type: 8, code: 0 }, network: "::/0" };
    for (const rule of [tcp, peer, ping, { "flow-direction": "ingress", protocol: "esp", network: "10.0.0.0/8" }]) {
      expect(await client.operate("POST", `/security-group/${id}/rules`, rule)).toBe(id);
    }
    expect(applied).toBeGreaterThanOrEqual(4);
    const { rules } = await client.get(`/security-group/${id}`);
    expect(rules).toMatchObject([tcp, { ...peer, "security-group": { id, name: "rules" } }, ping, { protocol: "esp" }]);
    expect((await client.call("POST", `/security-group/${id}/rules`, { ...tcp, description: "again" })).status).toBe(
      409,
    );
    expect((await client.call("DELETE", `/security-group/${id}`)).body.message).toBe(
      "Cannot delete group when there are security rules that allow this group",
    );
    for (const rule of rules) expect(await client.operate("DELETE", `/security-group/${id}/rules/${rule.id}`)).toBe(id);
    expect((await client.call("DELETE", `/security-group/${id}/rules/${rules[0].id}`)).status).toBe(404);
    await client.operate("DELETE", `/security-group/${id}`);
  });

  it.each([
    [{ protocol: "tcp", network: "0.0.0.0/0" }, 400],
    [{ protocol: "tcp", network: "0.0.0.0/0", "start-port": 2, "end-port": 1 }, 400],
    [{ protocol: "tcp", network: "0.0.0.0/0", "start-port": 0, "end-port": 1 }, 400],
    [{ protocol: "tcp", network: "0.0.0.0/0", "start-port": 1, "end-port": 65536 }, 400],
    [{ protocol: "sctp", network: "0.0.0.0/0" }, 400],
    [{ protocol: "gre", network: "0.0.0.0/0", "start-port": 1, "end-port": 1 }, 400],
    [{ protocol: "gre", network: "0.0.0.0/0", icmp: { type: 8 } }, 400],
    [{ protocol: "gre", network: "10.0.0.1" }, 400],
    [{ protocol: "gre" }, 400],
    [{ protocol: "gre", "security-group": {} }, 400],
    [{ protocol: "gre", network: "0.0.0.0/0", "security-group": { id: unknown } }, 400],
    [{ protocol: "gre", "security-group": { id: unknown } }, 404],
    [{ protocol: "gre", "security-group": { name: "nobody" } }, 404],
  ])("refuse the rule %j", async (rule, status) => {
    const {
      "security-groups": [group],
    } = await client.get("/security-group");
    expect(
      (await client.call("POST", `/security-group/${group.id}/rules`, { "flow-direction": "ingress", ...rule })).status,
    ).toBe(status);
  });

  it("are attached and detached, and stay while in use", async () => {
    const id = await client.operate("POST", "/security-group", { name: "members" });
    const instance = await makeInstance();
    const groups = async () =>
      (await client.get(`/instance/${instance}`))["security-groups"].map((group: Json) => group.id);
    const attachment = { instance: { id: instance } };
    expect(await groups()).toHaveLength(1);
    await client.operate("PUT", `/security-group/${id}:attach`, attachment);
    expect(await groups()).toContain(id);
    expect((await client.call("PUT", `/security-group/${id}:attach`, attachment)).status).toBe(409);
    expect((await client.call("DELETE", `/security-group/${id}`)).body.message).toBe(
      "Cannot delete group when it's in use by virtual machines",
    );
    await client.operate("PUT", `/security-group/${id}:detach`, attachment);
    expect((await client.call("PUT", `/security-group/${id}:detach`, attachment)).status).toBe(409);
    expect(await groups()).not.toContain(id);
    await client.operate("DELETE", `/security-group/${id}`);
  });

  it("count external sources among their members", async () => {
    const id = await client.operate("POST", "/security-group", { name: "sources" });
    const source = (verb: string, cidr: string) => client.call("PUT", `/security-group/${id}:${verb}-source`, { cidr });
    for (const cidr of ["192.0.2.0/24", "2001:db8::/32"]) await client.finished((await source("add", cidr)).body);
    expect((await client.get(`/security-group/${id}`))["external-sources"]).toEqual(["192.0.2.0/24", "2001:db8::/32"]);
    expect((await source("add", "192.0.2.0/24")).status).toBe(409);
    expect((await source("add", "192.0.2.1")).status).toBe(400);
    expect((await source("remove", "198.51.100.0/24")).status).toBe(404);
    applied = 0;
    for (const cidr of ["2001:db8::/32", "192.0.2.0/24"]) await client.finished((await source("remove", cidr)).body);
    expect(applied).toBe(2);
    expect(await client.get(`/security-group/${id}`)).not.toHaveProperty("external-sources");
  });
});

describe("the public group of health checks", () => {
  const { id, name } = healthCheckSources;

  it("is Exoscale's own, and shows where they come from", async () => {
    const { "security-groups": groups } = await client.get("/security-group?visibility=public");
    expect(groups).toEqual([
      { id, name, visibility: "public", description: expect.any(String), "external-sources": ["198.18.0.2/32"] },
    ]);
    expect(await client.get(`/security-group/${id}`)).toEqual(groups[0]);
    expect(JSON.stringify(await client.get("/security-group"))).not.toContain(id);
  });

  it.each([{ id }, { name }, { name, visibility: "public" }])(
    "is the peer of a rule that names it as %j",
    async (peer) => {
      const group = await client.operate("POST", "/security-group", { name: "peers" });
      const rule = {
        "flow-direction": "ingress",
        protocol: "tcp",
        "start-port": 80,
        "end-port": 80,
        "security-group": peer,
      };
      await client.operate("POST", `/security-group/${group}/rules`, rule);
      expect((await client.get(`/security-group/${group}`)).rules[0]["security-group"]).toEqual({
        id,
        name,
        visibility: "public",
      });
      expect(api.zone.state.securityGroups.get(group)!.rules[0]!.securityGroup).toBe(id);
      await client.operate("DELETE", `/security-group/${group}`);
    },
  );

  it("gives way to a group of one's own with its name, unless it is said to be public", async () => {
    const own = await client.operate("POST", "/security-group", { name });
    const rule = { "flow-direction": "ingress", protocol: "tcp", "start-port": 80, "end-port": 80 };
    for (const peer of [{ name }, { name, visibility: "public" }]) {
      await client.operate("POST", `/security-group/${own}/rules`, { ...rule, "security-group": peer });
    }
    const { rules } = await client.get(`/security-group/${own}`);
    expect(rules.map((each: Json) => each["security-group"].id)).toEqual([own, id]);
  });

  it.each([
    ["DELETE", "", undefined],
    [
      "POST",
      "/rules",
      { "flow-direction": "ingress", protocol: "tcp", "start-port": 1, "end-port": 1, network: "0.0.0.0/0" },
    ],
    ["PUT", ":add-source", { cidr: "192.0.2.0/24" }],
    ["PUT", ":attach", { instance: { id: unknown } }],
  ])("cannot be changed: %s %s", async (method, path, body) => {
    expect((await client.call(method, `/security-group/${id}${path}`, body)).status).toBe(403);
  });
});
