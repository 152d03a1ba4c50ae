import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, templateBody, type Client, type Json } from "../testing/client.ts";

let api: TestApi;
let client: Client;
beforeAll(async () => {
  api = await startApi();
  client = clientOf(api);
});
afterAll(() => api.close());

describe("the API", () => {
  it("lists its zone to anybody, with its own address", async () => {
    const { zones } = await (await fetch(`${api.url}/zone`)).json();
    expect(zones).toMatchObject([{ name: "local-1", "api-endpoint": api.url }]);
    expect(api.url).toMatch(/\/v2$/);
  });

  it("refuses a wrong signature, also where none is needed", async () => {
    expect(await clientOf({ ...api, secret: "wrong" }).call("GET", "/zone")).toEqual({
      status: 403,
      body: { message: "Invalid request signature" },
    });
    expect((await fetch(`${api.url}/instance`)).status).toBe(403);
  });

  it("says what is wrong with a request, field by field", async () => {
    const { status, body } = await client.call("POST", "/instance", { "disk-size": 1, "instance-type": {}, name: "" });
    expect(status).toBe(400);
    expect(body.errors.map((error: Json) => error.message).sort()).toEqual([
      "disk-size must be >= 10",
      "name must NOT have fewer than 1 characters",
      "request must have required property 'template'",
    ]);
    expect((await client.call("GET", "/instance/no-uuid")).status).toBe(400);
  });

  it("takes no body for an empty one", async () => {
    const { status, body } = await client.call("PUT", "/instance/00000000-0000-0000-0000-000000000000:start");
    expect([status, body.message]).toEqual([404, "Instance 00000000-0000-0000-0000-000000000000 not found"]);
    expect((await client.call("POST", "/ssh-key")).body.errors).toContainEqual({
      message: "request must have required property 'name'",
    });
  });

  it("refuses a body that is not JSON", async () => {
    const { sign } = await import("./signature.ts");
    const authorization = sign({ method: "POST", target: "/v2/instance", body: "{" }, api, 4e9);
    expect((await fetch(`${api.url}/instance`, { method: "POST", body: "{", headers: { authorization } })).status).toBe(
      400,
    );
  });

  it.each([
    ["GET", "/console/00000000-0000-0000-0000-000000000000", "get-console-proxy-url"],
    ["GET", "/iam-role", "list-iam-roles"],
    ["POST", "/instance/00000000-0000-0000-0000-000000000000:enable-tpm", "enable-tpm"],
    ["DELETE", "/vpc/00000000-0000-0000-0000-000000000000", "delete-vpc"],
  ])("names a route of Exoscale's that it has not: %s %s", async (method, path, name) => {
    expect(await client.call(method, path)).toEqual({
      status: 501,
      body: { message: `The local zone has no ${name}` },
    });
  });

  it("knows no other routes", async () => {
    expect((await client.call("GET", "/nothing")).status).toBe(404);
    expect((await fetch(new URL("/elsewhere", api.url))).status).toBe(404);
  });

  it("answers a pending operation with its reference, then its success", async () => {
    const { body } = await client.call("POST", "/security-group", { name: "operation" });
    expect(body).toMatchObject({
      state: "pending",
      reference: {
        id: expect.any(String),
        link: `/v2/security-group/${body.reference.id}`,
        command: "get-security-group",
      },
    });
    expect(await client.finished(body)).toEqual({ ...body, state: "success" });
  });

  it("may take another time for each operation", async () => {
    const slow = await startApi({ operationDelay: [40, 90] });
    const its = clientOf(slow, 1);
    const times = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const from = performance.now();
        await its.operate("POST", "/security-group", { name: `group-${i}` });
        return performance.now() - from;
      }),
    );
    for (const time of times) expect(time).toBeGreaterThan(39);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1);
    await slow.close();
  });

  it("may take longer for the import of a template", async () => {
    const slow = await startApi({ importDelay: 1_000 });
    const its = clientOf(slow);
    const [{ body: image }, { body: group }] = [
      await its.call("POST", "/template", templateBody),
      await its.call("POST", "/security-group", { name: "g" }),
    ];
    await its.finished(group);
    expect((await its.get(`/operation/${image.id}`)).state).toBe("pending");
    expect(await its.finished(image)).toMatchObject({ state: "success" });
    await slow.close();
  });

  it("knows an operation after what it was about is gone, and no others", async () => {
    const { body: creation } = await client.call("POST", "/security-group", { name: "short-lived" });
    await client.finished(creation);
    const { body: deletion } = await client.call("DELETE", `/security-group/${creation.reference.id}`);
    await client.finished(deletion);
    for (const { id } of [creation, deletion]) {
      expect(await client.get(`/operation/${id}`)).toMatchObject({
        id,
        state: "success",
        reference: creation.reference,
      });
    }
    // Forgotten, foreign and nonexistent operations get the same answer.
    expect(await client.call("GET", "/operation/00000000-0000-0000-0000-000000000000")).toEqual({
      status: 404,
      body: { message: "Operation 00000000-0000-0000-0000-000000000000 not found" },
    });
    expect((await client.call("GET", "/operation/12")).status).toBe(400);
  });

  it("refuses a body that is too long", async () => {
    const name = "x".repeat(2 ** 20);
    expect(await client.call("POST", "/security-group", { name })).toMatchObject({
      status: 413,
      body: { message: expect.stringMatching(/^The request has \d+ bytes/) },
    });
  });

  it("leaves what is not its own to others", async () => {
    const seen: string[] = [];
    const other = await startApi({
      otherwise: ({ url }, response) => {
        seen.push(url!);
        if (url !== "/page") return false;
        response.end("page");
        return true;
      },
    });
    const { origin } = new URL(other.url);
    expect(await (await fetch(`${origin}/page`)).text()).toBe("page");
    expect(await (await fetch(`${origin}/v1/zone`)).json()).toEqual({
      message: `Nothing at /v1/zone: the API is at ${other.url}`,
    });
    expect((await fetch(`${origin}/v2/zone`)).status).toBe(200);
    expect((await fetch(`${origin}/zone/faults`)).status).toBe(200);
    expect((await fetch(`${origin}/v2`)).status).toBe(403);
    expect(seen).toEqual(["/page", "/v1/zone"]);
    await other.close();
  });

  it("offers instance types with sizes in bytes", async () => {
    const { "instance-types": types } = await client.get("/instance-type");
    const medium = types.find((type: Json) => type.family === "standard" && type.size === "medium");
    expect(medium).toMatchObject({ cpus: 2, memory: 4 * 2 ** 30, authorized: true });
    expect(await client.get(`/instance-type/${medium.id}`)).toEqual(medium);
    expect((await client.call("GET", "/instance-type/00000000-0000-0000-0000-000000000000")).status).toBe(404);
  });

  it("counts against quotas", async () => {
    const { quotas } = await client.get("/quota");
    expect(quotas).toContainEqual({ resource: "elastic-ip", usage: 0, limit: 5 });
    expect(await client.get("/quota/elastic-ip")).toEqual({ resource: "elastic-ip", usage: 0, limit: 5 });
    expect((await client.call("GET", "/quota/yachts")).status).toBe(404);
  });
});

describe("faults", () => {
  it("strike a route as often as asked, and nothing is done", async () => {
    api.faults.add({ kind: "rate-limit", route: "create-security-group", count: 1, seconds: 3 });
    const before = await client.get("/security-group");
    expect(await client.call("POST", "/security-group", { name: "struck" })).toMatchObject({ status: 429 });
    expect(await client.get("/security-group")).toEqual(before);
    expect(api.faults.list()).toEqual([]);
  });

  it.each([
    ["server-error", 500],
    ["unavailable", 503],
  ] as const)("answer %s", async (kind, status) => {
    api.faults.add({ kind, count: 1 });
    expect((await client.call("GET", "/zone")).status).toBe(status);
  });

  it.each([
    ["drop-before", false],
    ["drop-after", true],
  ] as const)("break the connection: %s", async (kind, done) => {
    api.faults.add({ kind, route: "create-security-group", count: 1 });
    await expect(client.call("POST", "/security-group", { name: kind })).rejects.toThrow("fetch failed");
    const { "security-groups": groups } = await client.get("/security-group");
    expect(groups.some((group: Json) => group.name === kind)).toBe(done);
  });

  it("let an operation fail with nothing done, or hang", async () => {
    api.faults.add({ kind: "operation-fails", count: 1 });
    const failed = await client.finished((await client.call("POST", "/security-group", { name: "failed" })).body);
    expect(failed).toMatchObject({ state: "failure", reason: "fault", message: expect.any(String) });
    expect((await client.call("GET", `/security-group/${failed.reference.id}`)).status).toBe(404);

    api.faults.add({ kind: "operation-hangs", count: 1 });
    const { body } = await client.call("POST", "/security-group", { name: "hung" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await client.get(`/operation/${body.id}`)).state).toBe("pending");
  });
});
