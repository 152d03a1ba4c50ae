import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { noMachines } from "../../machines/none.ts";
import { noNetwork } from "../../network/index.ts";
import { startApi, type TestApi } from "../../testing/zone.ts";
import { clientOf, templateBody, type Client, type Json } from "../../testing/client.ts";
import type { Traits } from "../../traits.ts";
import type { Machines } from "../../types.ts";
import { typeByName } from "../instance-types.ts";

const unknown = "00000000-0000-0000-0000-000000000000";
const small = typeByName("standard.small")!;

let api: TestApi;
let client: Client;
let template: string;
/** What machines and network were asked to do, in order. */
let calls: string[];
let failing: string | undefined;
/** While set, every call of the machines waits for it. */
let held: Promise<void> | undefined;
let change: (id: string, state: "running" | "stopped") => void;

beforeEach(async () => {
  calls = [];
  failing = undefined;
  held = undefined;
  const tell = (what: string) => async () => {
    await held;
    calls.push(what);
    if (failing === what) throw new Error(`${what} failed`);
  };
  const machines: Machines = {
    ...noMachines(),
    create: tell("create"),
    start: tell("start"),
    stop: tell("stop"),
    reboot: tell("reboot"),
    reset: tell("reset"),
    destroy: tell("destroy"),
    onChange: (callback) => void (change = callback),
  };
  api = await startApi({ machines, network: { ...noNetwork(), apply: tell("apply") } });
  client = clientOf(api);
  template = await client.operate("POST", "/template", {
    name: "Flatcar",
    url: "https://example.com/i",
    checksum: "0".repeat(32),
    "ssh-key-enabled": true,
    "password-enabled": false,
  });
  calls = [];
});
afterEach(() => api.close());

/** Makes machines and network wait; returns the function that lets them go on. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  held = promise;
  return resolve;
}

const wanted = (more: object = {}) => ({
  "disk-size": 10,
  "instance-type": { id: small.id },
  template: { id: template },
  ...more,
});
const make = (more?: object) => client.operate("POST", "/instance", wanted(more));
const get = (id: string) => client.get(`/instance/${id}`);

describe("making an instance", () => {
  it("boots it, after its rules are in force, and shows all of it", async () => {
    await client.operate("POST", "/ssh-key", {
      name: "key",
      "public-key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOxgQzPXo+s3xiuLmNPcpoiPVNFdMqMjkeBSNqnfaqZ",
    });
    const release = hold();
    const { body } = await client.call(
      "POST",
      "/instance",
      wanted({
        name: "one",
        labels: { role: "worker" },
        "ssh-keys": [{ name: "key" }],
        "user-data": "I2Nsb3Vk",
        "public-ip-assignment": "inet4",
      }),
    );
    expect((await get(body.reference.id)).state).toBe("starting");
    release();
    await client.finished(body);
    expect(calls).toEqual(["apply", "create", "start", "apply"]);
    expect(await get(body.reference.id)).toMatchObject({
      id: body.reference.id,
      name: "one",
      state: "running",
      labels: { role: "worker" },
      "public-ip": "198.18.1.1",
      "mac-address": "06:00:c6:12:01:01",
      "user-data": "I2Nsb3Vk",
      "disk-size": 10,
      "ssh-keys": [{ name: "key" }],
      "ssh-key": { name: "key" },
      "instance-type": { family: "standard", size: "small", cpus: 2, memory: 2 * 2 ** 30 },
      template: { id: template, name: "Flatcar" },
      "elastic-ips": [],
      "anti-affinity-groups": [],
      "created-at": expect.any(String),
    });
    expect([...api.zone.state.instances.values()][0]!.publicKeys[0]).toMatch(/^ssh-ed25519 /);
  });

  it("leaves it off with auto-start false", async () => {
    const id = await make({ "auto-start": false });
    expect(await get(id)).toMatchObject({ state: "stopped", "public-ip": "198.18.1.1", name: `VM-${id}` });
    expect(calls).toEqual(["apply", "create"]);
    await client.operate("PUT", `/instance/${id}:start`, {});
    expect((await get(id)).state).toBe("running");
  });

  it("can be started before its creation is done", async () => {
    const { body } = await client.call("POST", "/instance", wanted({ "auto-start": false }));
    const started = await client.call("PUT", `/instance/${body.reference.id}:start`, {});
    expect((await client.finished(started.body)).state).toBe("success");
    expect(calls).toEqual(["apply", "create", "apply", "start", "apply"]);
  });

  it("gives no address with public-ip-assignment none", async () => {
    const instance = await get(await make({ "public-ip-assignment": "none" }));
    expect(instance).not.toHaveProperty("public-ip");
  });

  it("uses the default security group where none is named", async () => {
    const instance = await get(await make());
    expect((await client.get(`/security-group/${instance["security-groups"][0].id}`)).name).toBe("default");
  });

  it.each([
    ["disk too small", { "disk-size": 9 }, 400],
    ["disk too large", { "disk-size": 51201 }, 400],
    ["disk too large for its type", { "disk-size": 401 }, 400],
    ["user-data too long", { "user-data": "A".repeat(32772) }, 400],
    ["user-data not base64", { "user-data": "#cloud-config" }, 400],
    ["unknown type", { "instance-type": { id: unknown } }, 404],
    ["type not authorized", { "instance-type": { id: typeByName("standard.colossus")!.id } }, 403],
    ["unknown template", { template: { id: unknown } }, 404],
    ["unknown key", { "ssh-keys": [{ name: "nobody" }] }, 404],
    ["unknown security group", { "security-groups": [{ id: unknown }] }, 404],
    ["unknown anti-affinity group", { "anti-affinity-groups": [{ id: unknown }] }, 404],
    ["IPv6", { "public-ip-assignment": "dual" }, 501],
    ["TPM", { "tpm-enabled": true }, 501],
  ])("is refused: %s", async (_name, more, status) => {
    expect((await client.call("POST", "/instance", wanted(more))).status).toBe(status);
    expect((await client.get("/instance")).instances).toEqual([]);
  });

  it("takes user-data of 32768 characters", async () => {
    await make({ "user-data": "A".repeat(32768) });
  });

  it("ends in error when the machine cannot be made, and can be deleted", async () => {
    failing = "create";
    await expect(make()).rejects.toThrow("operation failure, fault: create failed");
    const {
      instances: [instance],
    } = await client.get("/instance");
    expect(instance.state).toBe("error");
    await client.operate("DELETE", `/instance/${instance.id}`);
  });
});

describe("an instance", () => {
  it("is listed by label or address, without user-data and disk", async () => {
    const id = await make({ labels: { role: "master", cluster: "a" }, "user-data": "QQ==" });
    await make({ labels: { role: "worker" } });
    const listed = async (query: string) =>
      (await client.get(`/instance?${query}`)).instances.map((instance: Json) => instance.id);
    const { instances } = await client.get("/instance");
    expect(instances).toHaveLength(2);
    expect(instances[0]).not.toHaveProperty("user-data");
    expect(instances[0]).not.toHaveProperty("disk-size");
    expect(instances[0]).not.toHaveProperty("elastic-ips");
    expect(await listed("labels=cluster")).toEqual([id]);
    expect(await listed("labels=role%3Dmaster,cluster%3Da")).toEqual([id]);
    expect(await listed("labels=role:nobody")).toEqual([]);
    expect(await listed("ip-address=198.18.1.1")).toEqual([id]);
    expect(await listed("manager-type=instance-pool")).toEqual([]);
  });

  it("takes a new name, labels and user-data, and nothing else", async () => {
    const id = await make({ labels: { a: "b" } });
    await client.operate("PUT", `/instance/${id}`, { name: "new", "user-data": "Qg==", labels: { c: "d" } });
    expect(await get(id)).toMatchObject({ name: "new", "user-data": "Qg==", labels: { c: "d" } });
    await client.operate("PUT", `/instance/${id}`, { name: "newer" });
    expect(await get(id)).toMatchObject({ name: "newer", "user-data": "Qg==", labels: { c: "d" } });
    await client.operate("PUT", `/instance/${id}`, { labels: null });
    expect((await get(id)).labels).toEqual({});
    await client.operate("PUT", `/instance/${id}`, { labels: { e: "f" } });
    await client.operate("DELETE", `/instance/${id}/labels`);
    expect((await get(id)).labels).toEqual({});
    expect((await client.call("PUT", `/instance/${id}`, { "user-data": "A".repeat(32772) })).status).toBe(400);
    expect((await client.call("PUT", `/instance/${id}`, { "disk-size": 20 })).status).toBe(400);
    expect((await client.call("PUT", `/instance/${id}`, { "public-ip-assignment": "none" })).status).toBe(501);
  });

  it("stops, grows, scales and starts with the address it had", async () => {
    const id = await make();
    const before = (await get(id))["public-ip"];
    expect((await client.call("PUT", `/instance/${id}:start`, {})).status).toBe(409);
    expect((await client.call("PUT", `/instance/${id}:resize-disk`, { "disk-size": 20 })).status).toBe(409);
    const release = hold();
    const { body } = await client.call("PUT", `/instance/${id}:stop`);
    expect((await get(id)).state).toBe("stopping");
    release();
    await client.finished(body);
    expect((await get(id)).state).toBe("stopped");
    expect((await client.call("PUT", `/instance/${id}:reboot`)).status).toBe(409);
    expect((await client.call("PUT", `/instance/${id}:resize-disk`, { "disk-size": 10 })).status).toBe(400);
    await client.operate("PUT", `/instance/${id}:resize-disk`, { "disk-size": 20 });
    await client.operate("PUT", `/instance/${id}:scale`, { "instance-type": { id: typeByName("standard.large")!.id } });
    await client.operate("PUT", `/instance/${id}:start`, {});
    expect(await get(id)).toMatchObject({
      "public-ip": before,
      "disk-size": 20,
      "instance-type": { size: "large" },
      state: "running",
    });
    expect(api.zone.state.instances.get(id)).toMatchObject({ cpus: 4, memory: 8 * 2 ** 30 });
  });

  it("has a disk that its type can have, however it changes", async () => {
    const large = { "instance-type": { id: typeByName("standard.extra-large")!.id } };
    const id = await make({ "disk-size": 400 });
    await client.operate("PUT", `/instance/${id}:stop`);
    const answer = async (verb: string, body: object) => client.call("PUT", `/instance/${id}:${verb}`, body);
    expect(await answer("resize-disk", { "disk-size": 401 })).toEqual({
      status: 400,
      body: { message: "Invalid disk-size: 401 GiB, and Instance Type standard.small has at most 400" },
    });
    expect((await answer("reset", { "disk-size": 401 })).status).toBe(400);
    await client.operate("PUT", `/instance/${id}:scale`, large);
    await client.operate("PUT", `/instance/${id}:resize-disk`, { "disk-size": 800 });
    expect((await answer("scale", { "instance-type": { id: small.id } })).status).toBe(400);
    expect(await get(id)).toMatchObject({ "disk-size": 800, "instance-type": { size: "extra-large" } });
  });

  it("reboots and is reset", async () => {
    const id = await make();
    calls = [];
    await client.operate("PUT", `/instance/${id}:reboot`);
    expect(calls).toEqual(["apply", "reboot"]);
    calls = [];
    await client.operate("PUT", `/instance/${id}:reset`, { "disk-size": 11 });
    expect(calls).toEqual(["apply", "reset", "start", "apply"]);
    expect(await get(id)).toMatchObject({ state: "running", "disk-size": 11 });
    expect((await client.call("PUT", `/instance/${id}:start`, { "rescue-profile": "netboot" })).status).toBe(501);
  });

  it("is deleted, and releases what it held", async () => {
    const id = await make();
    const release = hold();
    const { body } = await client.call("DELETE", `/instance/${id}`);
    expect((await get(id)).state).toBe("destroying");
    expect((await client.call("DELETE", `/instance/${id}`)).status).toBe(409);
    release();
    await client.finished(body);
    expect(calls.slice(-2)).toEqual(["destroy", "apply"]);
    expect((await client.call("GET", `/instance/${id}`)).status).toBe(404);
  });

  it("stays while protected", async () => {
    const id = await make();
    await client.operate("PUT", `/instance/${id}:add-protection`);
    expect((await client.call("DELETE", `/instance/${id}`)).status).toBe(403);
    await client.operate("PUT", `/instance/${id}:remove-protection`);
    await client.operate("DELETE", `/instance/${id}`);
  });

  it("overtakes its own start when it is deleted", async () => {
    const release = hold();
    const { body } = await client.call("POST", "/instance", wanted());
    const { body: deletion } = await client.call("DELETE", `/instance/${body.reference.id}`);
    release();
    expect(await client.finished(body)).toMatchObject({ state: "failure", reason: "interrupted" });
    expect(await client.finished(deletion)).toMatchObject({ state: "success" });
    expect(calls).not.toContain("start");
    expect((await client.get("/instance")).instances).toEqual([]);
  });

  it.each([
    ["start", "stopped"],
    ["stop", "running"],
  ])("keeps its state when a %s fails", async (verb, state) => {
    const id = await make({ "auto-start": verb === "stop" });
    failing = verb;
    await expect(client.operate("PUT", `/instance/${id}:${verb}`, {})).rejects.toThrow(`${verb} failed`);
    expect((await get(id)).state).toBe(state);
  });

  it("follows a guest that turns itself off", async () => {
    const id = await make();
    calls = [];
    change(id, "stopped");
    expect((await get(id)).state).toBe("stopped");
    expect(calls).toEqual(["apply"]);
    change(id, "running");
    expect((await get(id)).state).toBe("running");
  });
});

describe("before the first start", () => {
  async function neverStarted(traits: Partial<Traits>) {
    const other = await startApi(traits);
    const its = clientOf(other);
    const image = await its.operate("POST", "/template", templateBody);
    const id = await its.operate("POST", "/instance", { ...wanted(), template: { id: image }, "auto-start": false });
    return { its, id, [Symbol.asyncDispose]: () => other.close() };
  }

  it("the address can be kept back, as Exoscale may do", async () => {
    await using made = await neverStarted({ address: "after-start" });
    const { its, id } = made;
    expect(await its.get(`/instance/${id}`)).not.toHaveProperty("public-ip");
    await its.operate("PUT", `/instance/${id}:start`, {});
    await its.operate("PUT", `/instance/${id}:stop`);
    expect((await its.get(`/instance/${id}`))["public-ip"]).toBe("198.18.1.1");
  });

  it("elastic IPs and security groups can be refused, as Exoscale may do", async () => {
    await using made = await neverStarted({ attach: "after-start" });
    const { its, id } = made;
    const elasticIp = await its.operate("POST", "/elastic-ip", {});
    const group = await its.operate("POST", "/security-group", { name: "g" });
    const attach = [`/elastic-ip/${elasticIp}:attach`, `/security-group/${group}:attach`];
    for (const path of attach) {
      expect(await its.call("PUT", path, { instance: { id } })).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining("has never been started") },
      });
    }
    await its.operate("PUT", `/instance/${id}:start`, {});
    await its.operate("PUT", `/instance/${id}:stop`);
    for (const path of attach) await its.operate("PUT", path, { instance: { id } });
    expect(await its.get(`/instance/${id}`)).toMatchObject({ "elastic-ips": [{ id: elasticIp }] });
  });
});
