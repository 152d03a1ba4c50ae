/** Templates, SSH keys, anti-affinity groups, elastic IPs, and what there is none of. */
import ssh2 from "ssh2";
import { ed25519 } from "../../test/ed25519.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { noMachines } from "../machines/none.ts";
import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client, type Json } from "../testing/client.ts";
import { typeByName } from "./instance-types.ts";

const unknown = "00000000-0000-0000-0000-000000000000";
const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOxgQzPXo+s3xiuLmNPcpoiPVNFdMqMjkeBSNqnfaqZ somebody";

let api: TestApi;
let client: Client;
let wrongChecksum = false;

beforeAll(async () => {
  api = await startApi({
    machines: {
      ...noMachines(),
      importTemplate: async () => {
        if (wrongChecksum) throw new Error("the checksum is another one");
        return 1234;
      },
    },
  });
  client = clientOf(api);
});
afterAll(() => api.close());
beforeEach(() => {
  wrongChecksum = false;
});

const makeInstance = async (more: object = {}) =>
  client.operate("POST", "/instance", instanceBody(await client.operate("POST", "/template", templateBody), more));

describe("templates", () => {
  it("are registered once their checksum is verified", async () => {
    const id = await client.operate("POST", "/template", {
      ...templateBody,
      "default-user": "core",
      "boot-mode": "uefi",
      description: "d",
    });
    const template = await client.get(`/template/${id}`);
    expect(template).toMatchObject({
      ...templateBody,
      size: 1234,
      "default-user": "core",
      "boot-mode": "uefi",
      description: "d",
      visibility: "private",
      zones: ["local-1"],
    });
    expect((await client.get("/template?visibility=private&family=flatcar")).templates).toContainEqual(template);
    expect((await client.get("/template?visibility=public")).templates).toEqual([]);
    await client.operate("PUT", `/template/${id}`, { name: "Other" });
    expect((await client.get(`/template/${id}`)).name).toBe("Other");
    await client.operate("DELETE", `/template/${id}`);
    expect((await client.call("GET", `/template/${id}`)).status).toBe(404);
  });

  it("vanish when the checksum is wrong", async () => {
    wrongChecksum = true;
    const { body } = await client.call("POST", "/template", templateBody);
    expect(await client.finished(body)).toMatchObject({
      state: "failure",
      reason: "fault",
      message: "the checksum is another one",
    });
    expect((await client.call("GET", `/template/${body.reference.id}`)).status).toBe(404);
  });

  it("need an MD5 and a URL", async () => {
    expect((await client.call("POST", "/template", { ...templateBody, checksum: "abc" })).body.message).toContain(
      "MD5",
    );
    expect((await client.call("POST", "/template", { ...templateBody, url: "image" })).body.message).toContain("url");
  });
});

describe("SSH keys", () => {
  it("are known by name and fingerprint", async () => {
    const { status, body } = await client.call("POST", "/ssh-key", { name: "key", "public-key": publicKey });
    expect([status, body]).toEqual([200, { id: expect.any(String), state: "success" }]);
    const key = { name: "key", fingerprint: "0d:34:62:a2:9f:23:9c:a3:47:ac:60:31:01:4d:68:4e" };
    expect(await client.get("/ssh-key/key")).toEqual({
      ...key,
      fingerprint: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/),
    });
    expect((await client.call("POST", "/ssh-key", { name: "key", "public-key": publicKey })).status).toBe(409);
    expect((await client.get("/ssh-key"))["ssh-keys"]).toHaveLength(1);
    expect(await client.call("DELETE", "/ssh-key/key")).toMatchObject({ status: 200, body: { state: "success" } });
    expect((await client.call("GET", "/ssh-key/key")).status).toBe(404);
  });

  it("have to be public keys", async () => {
    expect((await client.call("POST", "/ssh-key", { name: "bad", "public-key": "ssh-ed25519 AAAA" })).status).toBe(400);
    expect((await client.call("POST", "/ssh-key", { name: "-bad", "public-key": publicKey })).status).toBe(400);
  });
});

describe("SSH keys of a zone that takes RSA and Ed25519 alone", () => {
  it.each([
    ["ed25519", 200],
    ["rsa", 200],
    ["ecdsa", 400],
  ] as const)("%s: %i", async (kind, status) => {
    const strict = await startApi({ sshKeys: "rsa-ed25519" });
    const keys =
      kind === "ed25519"
        ? ed25519()
        : ssh2.utils.generateKeyPairSync(kind as "rsa", { bits: kind === "rsa" ? 2048 : 256 });
    const body = { name: "key", "public-key": keys.public };
    expect(await clientOf(strict).call("POST", "/ssh-key", body)).toMatchObject({
      status,
      ...(status === 400 && { body: { message: expect.stringContaining("its type is ecdsa-sha2-nistp256") } }),
    });
    expect((await client.call("POST", "/ssh-key", { ...body, name: kind })).status).toBe(200);
    await strict.close();
  });
});

describe("instance types", () => {
  it("may be closed to the account", async () => {
    const strict = await startApi({ unauthorizedTypes: ["standard.titan"] });
    const { "instance-types": types } = await clientOf(strict).get("/instance-type");
    const closed = types.filter(({ authorized }: Json) => !authorized).map(({ size }: Json) => size);
    expect(closed).toEqual(["titan", "colossus"]);
    const own = clientOf(strict);
    const template = await own.operate("POST", "/template", templateBody);
    const body = instanceBody(template, { "instance-type": { id: typeByName("standard.titan")!.id } });
    expect((await own.call("POST", "/instance", body)).status).toBe(403);
    await strict.close();
  });
});

describe("anti-affinity groups", () => {
  it("take eight instances and stay as long as they have one", async () => {
    const id = await client.operate("POST", "/anti-affinity-group", { name: "masters", description: "d" });
    expect((await client.call("POST", "/anti-affinity-group", { name: "masters" })).status).toBe(409);
    const members: string[] = [];
    for (let n = 0; n < 8; n++) members.push(await makeInstance({ "anti-affinity-groups": [{ id }] }));
    await expect(makeInstance({ "anti-affinity-groups": [{ id }] })).rejects.toThrow("8 instances");
    expect(await client.get(`/anti-affinity-group/${id}`)).toEqual({
      id,
      name: "masters",
      description: "d",
      instances: members.map((member) => ({ id: member })),
    });
    expect((await client.call("DELETE", `/anti-affinity-group/${id}`)).body.message).toBe(
      "Cannot delete affinity group when it's in use by virtual machines",
    );
    for (const member of members) await client.operate("DELETE", `/instance/${member}`);
    await client.operate("DELETE", `/anti-affinity-group/${id}`);
    expect((await client.get("/anti-affinity-group"))["anti-affinity-groups"]).toEqual([]);
  });
});

describe("elastic IPs", () => {
  it("carry a health check with Exoscale's defaults", async () => {
    const id = await client.operate("POST", "/elastic-ip", {
      description: "api",
      labels: { a: "b" },
      healthcheck: { mode: "https", port: 6443, uri: "/readyz", "tls-skip-verify": true },
    });
    expect(await client.get(`/elastic-ip/${id}`)).toEqual({
      id,
      ip: "198.18.255.1",
      cidr: "198.18.255.1/32",
      addressfamily: "inet4",
      description: "api",
      labels: { a: "b" },
      healthcheck: {
        mode: "https",
        port: 6443,
        uri: "/readyz",
        "tls-skip-verify": true,
        interval: 10,
        timeout: 2,
        "strikes-ok": 2,
        "strikes-fail": 3,
      },
    });
    await client.operate("PUT", `/elastic-ip/${id}`, {
      healthcheck: { mode: "tcp", port: 22, interval: 5 },
      labels: {},
    });
    await client.operate("DELETE", `/elastic-ip/${id}/description`);
    expect((await client.get("/elastic-ip"))["elastic-ips"]).toMatchObject([
      { id, labels: {}, healthcheck: { mode: "tcp", interval: 5 } },
    ]);
    await client.operate("DELETE", `/elastic-ip/${id}`);
    expect((await client.call("GET", `/elastic-ip/${id}`)).status).toBe(404);
  });

  it.each([
    [{ addressfamily: "inet6" }, 501],
    [{ healthcheck: { mode: "http", port: 80 } }, 400],
    [{ healthcheck: { mode: "tcp" } }, 400],
    [{ healthcheck: { mode: "tcp", port: 80, interval: 5, timeout: 5 } }, 400],
    [{ healthcheck: { mode: "tcp", port: 80, interval: 4 } }, 400],
  ])("refuse %j", async (body, status) => {
    expect((await client.call("POST", "/elastic-ip", body)).status).toBe(status);
  });

  it("are held by several instances, and stay while held", async () => {
    const id = await client.operate("POST", "/elastic-ip", {});
    const holders = [await makeInstance(), await makeInstance()];
    for (const holder of holders) {
      expect(await client.operate("PUT", `/elastic-ip/${id}:attach`, { instance: { id: holder } })).toBe(id);
      expect((await client.get(`/instance/${holder}`))["elastic-ips"]).toEqual([{ id }]);
    }
    const { ip } = await client.get(`/elastic-ip/${id}`);
    expect((await client.get(`/instance?ip-address=${ip}`)).instances.map((instance: Json) => instance.id)).toEqual(
      holders,
    );
    expect((await client.call("PUT", `/elastic-ip/${id}:attach`, { instance: { id: holders[0] } })).status).toBe(409);
    expect(await client.call("DELETE", `/elastic-ip/${id}`)).toEqual({
      status: 409,
      body: { message: "Allocated IP address can't be deleted" },
    });
    await client.operate("PUT", `/elastic-ip/${id}:detach`, { instance: { id: holders[0] } });
    await client.operate("DELETE", `/instance/${holders[1]}`);
    await client.operate("DELETE", `/elastic-ip/${id}`);
  });

  it("are five at most", async () => {
    for (let n = 0; n < 5; n++) await client.operate("POST", "/elastic-ip", {});
    expect((await client.call("POST", "/elastic-ip", {})).status).toBe(403);
  });
});

describe("what there is none of", () => {
  it("is said of snapshots", async () => {
    const instance = await makeInstance();
    expect(await client.get("/snapshot")).toEqual({ snapshots: [] });
    expect((await client.call("GET", `/snapshot/${unknown}`)).status).toBe(404);
    expect(await client.call("POST", `/instance/${instance}:create-snapshot`)).toEqual({
      status: 501,
      body: { message: "The local zone has no create-snapshot" },
    });
  });
});
