import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client } from "../testing/client.ts";

const unknown = "00000000-0000-0000-0000-000000000000";
const state = mkdtempSync(join(tmpdir(), "reverse-dns-"));

let api: TestApi;
let client: Client;
let template: string;

const open = async (): Promise<void> => {
  api = await startApi({ state });
  client = clientOf(api);
};
beforeAll(async () => {
  await open();
  template = await client.operate("POST", "/template", templateBody);
});
afterAll(async () => {
  await api.close();
  rmSync(state, { recursive: true });
});

const make = (kind: string, more: object = {}): Promise<string> =>
  client.operate("POST", `/${kind}`, kind === "instance" ? instanceBody(template, more) : {});

describe.each([
  ["instance", "Instance"],
  ["elastic-ip", "Elastic IP"],
])("reverse DNS of an %s", (kind, title) => {
  it("is set, changed and deleted, and outlives the daemon", async () => {
    const id = await make(kind);
    const path = `/reverse-dns/${kind}/${id}`;
    const none = { status: 404, body: { message: `Reverse DNS record of ${id} not found` } };
    expect(await client.call("GET", path)).toEqual(none);
    expect(await client.call("DELETE", path)).toEqual(none);
    expect(await client.operate("POST", path, { "domain-name": "a.example.org" })).toBe(id);
    // Exoscale answers the name with its dot.
    expect(await client.get(path)).toEqual({ "domain-name": "a.example.org." });
    await client.operate("POST", path, { "domain-name": "b.example.org." });
    await api.close();
    await open();
    expect(await client.get(path)).toEqual({ "domain-name": "b.example.org." });
    await client.operate("DELETE", path);
    expect(await client.call("GET", path)).toEqual(none);
    expect(await client.get(`/${kind}/${id}`)).not.toHaveProperty("reverse-dns");
  });

  it("ends with it", async () => {
    const id = await make(kind);
    await client.operate("POST", `/reverse-dns/${kind}/${id}`, { "domain-name": "a.example.org" });
    await client.operate("DELETE", `/${kind}/${id}`);
    const gone = { status: 404, body: { message: `${title} ${id} not found` } };
    expect(await client.call("GET", `/reverse-dns/${kind}/${id}`)).toEqual(gone);
    expect(await client.call("POST", `/reverse-dns/${kind}/${id}`, { "domain-name": "a.example.org" })).toEqual(gone);
    expect((await client.call("DELETE", `/reverse-dns/${kind}/${unknown}`)).status).toBe(404);
  });

  it.each([
    [{}],
    [{ "domain-name": "" }],
    [{ "domain-name": "a b" }],
    [{ "domain-name": "a.example.org\nptr-record=b,c" }],
    [{ "domain-name": "a..example.org" }],
    [{ "domain-name": `${"a.".repeat(126)}a` }],
  ])("refuses %j", async (body) => {
    const id = await make(kind);
    expect((await client.call("POST", `/reverse-dns/${kind}/${id}`, body)).status).toBe(400);
    await client.operate("DELETE", `/${kind}/${id}`);
  });
});

it("stays when its owner changes", async () => {
  const id = await make("instance");
  await client.operate("POST", `/reverse-dns/instance/${id}`, { "domain-name": "a.example.org" });
  await client.operate("PUT", `/instance/${id}`, { name: "other" });
  await client.operate("PUT", `/instance/${id}:stop`);
  const ip = await make("elastic-ip");
  await client.operate("POST", `/reverse-dns/elastic-ip/${ip}`, { "domain-name": "b.example.org" });
  await client.operate("PUT", `/elastic-ip/${ip}`, { description: "other" });
  await client.operate("DELETE", `/elastic-ip/${ip}/description`);
  expect(await client.get(`/reverse-dns/instance/${id}`)).toEqual({ "domain-name": "a.example.org." });
  expect(await client.get(`/reverse-dns/elastic-ip/${ip}`)).toEqual({ "domain-name": "b.example.org." });
});

it("needs a public address", async () => {
  const id = await make("instance", { "public-ip-assignment": "none" });
  expect(await client.call("POST", `/reverse-dns/instance/${id}`, { "domain-name": "a.example.org" })).toEqual({
    status: 409,
    body: { message: `Instance ${id} has no public IP address` },
  });
});
