import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, instanceBody, type Client, type Json } from "../testing/client.ts";

const unknown = "00000000-0000-0000-0000-000000000000";

let directory: string;
let api: TestApi;
let client: Client;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "zone-events-"));
  await open();
});
afterEach(async () => {
  await api.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<void> {
  api = await startApi({ state: directory });
  client = clientOf(api);
}

describe("events", () => {
  it("are mutations, accepted or refused, the newest first", async () => {
    const id = await client.operate("POST", "/security-group", { name: "group" });
    await client.get("/security-group");
    await client.call("DELETE", `/security-group/${unknown}`);
    expect(await client.get("/event")).toEqual([
      expect.objectContaining({
        handler: "delete-security-group",
        status: 404,
        "path-params": { id: unknown },
        message: "delete-security-group refused",
      }),
      {
        handler: "create-security-group",
        status: 200,
        message: "create-security-group accepted",
        uri: "/v2/security-group",
        zone: "local-1",
        "source-ip": "127.0.0.1",
        "elapsed-ms": expect.any(Number),
        timestamp: expect.any(String),
        "request-id": expect.any(String),
        "path-params": {},
        "get-params": {},
        "body-params": { name: "group" },
      },
    ]);
    expect(api.zone.state.securityGroups.has(id)).toBe(true);
  });

  it("keep user-data to themselves", async () => {
    await client.call("POST", "/instance", instanceBody(unknown, { "user-data": "c2VjcmV0" }));
    const text = JSON.stringify(await client.get("/event"));
    expect(text).toContain("REDACTED");
    expect(text).not.toContain("c2VjcmV0");
  });

  it("are those of the last day, unless others are asked for", async () => {
    await client.operate("POST", "/security-group", { name: "today" });
    const [event] = [...api.zone.state.events.values()];
    const before = new Date(Date.now() - 25 * 60 * 60 * 1000).toISOString();
    api.zone.state.write((change) => change.put("events", { ...event!, id: "old", timestamp: before }));
    const ids = async (query: string) => (await client.get(`/event${query}`)).map((each: Json) => each["request-id"]);
    expect(await ids("")).toEqual([event!.id]);
    expect(await ids(`?from=${before}`)).toHaveLength(2);
    expect(await ids(`?from=${before}&to=${before}`)).toEqual(["old"]);
    expect(await ids(`?from=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
    expect((await client.call("GET", "/event?from=yesterday")).status).toBe(400);
  });

  it("outlive the daemon", async () => {
    await client.operate("POST", "/security-group", { name: "kept" });
    const before = await client.get("/event");
    await api.close();
    await open();
    expect(await client.get("/event")).toEqual(before);
    expect(before).toHaveLength(1);
  });
});
