import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { noMachines } from "../machines/none.ts";
import { noNetwork } from "../network/index.ts";
import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client } from "../testing/client.ts";
import type { Instance } from "../types.ts";

const unknown = "00000000-0000-0000-0000-000000000000";
const managed = { name: "lan", "start-ip": "10.0.0.10", "end-ip": "10.0.0.12", netmask: "255.255.255.0" };

let api: TestApi;
let client: Client;
let template: string;
/** What machines and network were asked to do, in order; a plug with the addresses that the instance has in its networks. */
let calls: string[];
/** While set, a start waits for it. */
let held: Promise<void> | undefined;

beforeEach(async () => {
  calls = [];
  held = undefined;
  api = await startApi({
    machines: {
      ...noMachines(),
      start: async () => {
        calls.push("start");
        await held;
      },
      plug: async ({ privateNetworks }: Instance) =>
        void calls.push(`plug ${privateNetworks.map(({ ip }) => ip ?? "-").join()}`),
    },
    network: { ...noNetwork(), apply: async () => void calls.push("apply") },
  });
  client = clientOf(api);
  template = await client.operate("POST", "/template", templateBody);
});
afterEach(() => api.close());

const make = (more?: object) => client.operate("POST", "/instance", instanceBody(template, more));
const network = (body: object = managed) => client.operate("POST", "/private-network", body);
const change = (id: string, verb: string, instance: string, ip?: string) =>
  client.call("PUT", `/private-network/${id}:${verb}`, { instance: { id: instance }, ip });
const done = async (id: string, verb: string, instance: string, ip?: string): Promise<void> => {
  const { status, body } = await change(id, verb, instance, ip);
  expect([status, body.message, (await client.finished(body)).state]).toEqual([200, undefined, "success"]);
};
const leases = async (id: string) => (await client.get(`/private-network/${id}`)).leases;

describe("private networks", () => {
  it("are made, changed, listed and deleted", async () => {
    const options = {
      routers: ["10.0.0.1"],
      "dns-servers": ["10.0.0.2"],
      "ntp-servers": ["10.0.0.3"],
      "domain-search": ["example.com"],
    };
    const id = await network({ ...managed, description: "d", labels: { a: "b" }, options });
    const shown = await client.get(`/private-network/${id}`);
    expect(shown).toEqual({ ...managed, id, description: "d", labels: { a: "b" }, options, vni: expect.any(Number) });
    expect(await client.get("/private-network")).toEqual({ "private-networks": [shown] });
    await client.operate("PUT", `/private-network/${id}`, { name: "other", "end-ip": "10.0.0.99", options: {} });
    await client.operate("DELETE", `/private-network/${id}/labels`);
    expect(await client.get(`/private-network/${id}`)).toEqual({
      ...managed,
      id,
      name: "other",
      "end-ip": "10.0.0.99",
      description: "d",
      vni: shown.vni,
    });
    expect(await client.operate("DELETE", `/private-network/${id}`)).toBe(id);
    expect((await client.call("GET", `/private-network/${id}`)).status).toBe(404);
  });

  it("have the same interface for an instance that comes back", async () => {
    const id = await network();
    const instance = await make();
    const attachment = () => api.zone.state.instances.get(instance)!.privateNetworks[0];
    await done(id, "attach", instance);
    const before = attachment();
    expect(before).toEqual({ network: id, mac: expect.stringMatching(/^0a(:[0-9a-f]{2}){5}$/), ip: "10.0.0.10" });
    await done(id, "detach", instance);
    expect(attachment()).toBeUndefined();
    await done(id, "attach", instance);
    expect(attachment()).toEqual(before);
  });

  it.each([
    ["a start alone", { "start-ip": "10.0.0.1" }],
    ["no netmask", { "start-ip": "10.0.0.1", "end-ip": "10.0.0.9" }],
    ["the end before the start", { ...managed, "start-ip": "10.0.0.13" }],
    ["an end in another network", { ...managed, "end-ip": "10.0.1.1" }],
    ["the network's own address", { ...managed, "start-ip": "10.0.0.0" }],
    ["the broadcast address", { ...managed, "end-ip": "10.0.0.255" }],
    ["a netmask with holes", { ...managed, netmask: "255.0.255.0" }],
    ["a netmask for one", { ...managed, "start-ip": "10.0.0.1", "end-ip": "10.0.0.1", netmask: "255.255.255.255" }],
    ["an address that is none", { ...managed, "start-ip": "10.0.0.256" }],
    ["no name", { ...managed, name: "" }],
    ["a router that is none", { ...managed, options: { routers: ["here"] } }],
  ])("refuse %s", async (_name, body) => {
    const {
      status,
      body: { message, errors },
    } = await client.call("POST", "/private-network", { name: "lan", ...body });
    expect([status, message, errors.length]).toEqual([400, "Invalid request", 1]);
    expect(await client.get("/private-network")).toEqual({ "private-networks": [] });
  });

  it("lease the lowest free address, or the one asked for", async () => {
    const id = await network();
    const [a, b, c, d] = [await make(), await make(), await make(), await make()];
    await done(id, "attach", a, "10.0.0.11");
    await done(id, "attach", b);
    await done(id, "attach", c, "10.0.0.200"); // outside of the range, inside of the network
    expect(await leases(id)).toEqual([
      { ip: "10.0.0.11", "instance-id": a },
      { ip: "10.0.0.10", "instance-id": b },
      { ip: "10.0.0.200", "instance-id": c },
    ]);
    expect((await client.get(`/instance/${a}`))["private-networks"]).toEqual([
      { id, "mac-address": expect.stringMatching(/^0a:/) },
    ]);
    expect((await client.get("/instance")).instances[0]["private-networks"]).toMatchObject([{ id }]);
    expect(await change(id, "attach", d, "10.0.0.11")).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining("leased already") },
    });
    expect((await change(id, "attach", d, "10.0.1.1")).status).toBe(400);
    expect((await change(id, "attach", a)).status).toBe(409);
    await done(id, "update-ip", c, "10.0.0.12");
    expect(await change(id, "attach", d)).toMatchObject({
      status: 409,
      body: { message: "No address left between 10.0.0.10 and 10.0.0.12" },
    });
    expect((await change(id, "update-ip", c, "10.0.0.10")).status).toBe(409);
    expect((await change(id, "update-ip", d, "10.0.0.12")).status).toBe(409);
    await client.operate("DELETE", `/instance/${b}`);
    await done(id, "attach", d);
    expect(await leases(id)).toContainEqual({ ip: "10.0.0.10", "instance-id": d });
  });

  it("do not lease the last address, where DHCP answers from", async () => {
    const id = await network({ ...managed, "start-ip": "10.0.0.253", "end-ip": "10.0.0.254" });
    const [a, b] = [await make(), await make()];
    await done(id, "attach", a);
    expect((await leases(id))[0].ip).toBe("10.0.0.253");
    expect((await change(id, "attach", b)).status).toBe(409);
    expect((await change(id, "attach", b, "10.0.0.254")).status).toBe(400);
  });

  it("are plugged into a running guest after the network knows of it, and into no other", async () => {
    const id = await network();
    const running = await make();
    const stopped = await make({ "auto-start": false });
    calls = [];
    await done(id, "attach", running);
    expect(calls).toEqual(["apply", "plug 10.0.0.10"]);
    await done(id, "update-ip", running, "10.0.0.12");
    await done(id, "detach", running);
    expect(calls.slice(2)).toEqual(["apply", "plug 10.0.0.12", "apply", "plug "]);
    calls = [];
    await done(id, "attach", stopped);
    expect(calls).toEqual(["apply"]);
  });

  it("are plugged in when they were attached while the guest started", async () => {
    const id = await network();
    const instance = await make({ "auto-start": false });
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    const { body } = await client.call("PUT", `/instance/${instance}:start`, {});
    await expect.poll(() => calls).toContain("start");
    await done(id, "attach", instance);
    resolve();
    await client.finished(body);
    expect(calls.filter((what) => what.startsWith("plug"))).toEqual(["plug 10.0.0.10"]);
  });

  it("cannot be deleted while an instance is attached", async () => {
    const id = await network();
    const instance = await make();
    await done(id, "attach", instance);
    expect(await client.call("DELETE", `/private-network/${id}`)).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining("in use") },
    });
    await done(id, "detach", instance);
    expect((await change(id, "detach", instance)).status).toBe(409);
    await done(id, "attach", instance);
    await client.operate("DELETE", `/instance/${instance}`);
    await client.operate("DELETE", `/private-network/${id}`);
  });

  it("lease nothing without a range, until they get one", async () => {
    const id = await network({ name: "wire", options: {} });
    const instance = await make();
    expect((await change(id, "attach", instance, "10.0.0.1")).status).toBe(400);
    await done(id, "attach", instance);
    expect(await leases(id)).toBeUndefined();
    expect((await change(id, "update-ip", instance, "10.0.0.1")).status).toBe(400);
    const { name: _name, ...range } = managed;
    expect((await client.call("PUT", `/private-network/${id}`, { "start-ip": "10.0.0.1" })).status).toBe(400);
    await client.operate("PUT", `/private-network/${id}`, range);
    expect(await leases(id)).toEqual([{ ip: "10.0.0.10", "instance-id": instance }]);
  });

  it("do not move away from under a lease", async () => {
    const id = await network();
    await done(id, "attach", await make());
    const elsewhere = { "start-ip": "10.1.0.1", "end-ip": "10.1.0.9", netmask: "255.255.255.0" };
    expect((await client.call("PUT", `/private-network/${id}`, elsewhere)).status).toBe(409);
    await client.operate("PUT", `/private-network/${id}`, { netmask: "255.0.0.0" });
  });

  it("know their instances", async () => {
    const id = await network();
    expect((await change(id, "attach", unknown)).status).toBe(404);
    expect((await change(unknown, "attach", unknown)).status).toBe(404);
    expect((await client.call("PUT", `/private-network/${id}:attach`, { instance: {} })).status).toBe(400);
    expect((await client.call("PUT", `/private-network/${id}:update-ip`, {})).status).toBe(400);
  });

  it("have a quota", async () => {
    await api.close();
    api = await startApi({ quotas: { "private-network": 1 } });
    client = clientOf(api);
    await network();
    expect((await client.call("POST", "/private-network", managed)).status).toBe(403);
    expect(await client.get("/quota/private-network")).toEqual({ resource: "private-network", usage: 1, limit: 1 });
  });
});
