/** The list of faults, and faults over HTTP; server.test.ts tests what they do to calls. */
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../testing/zone.ts";
import { Faults } from "./faults.ts";
import type { Json } from "../testing/client.ts";

describe("faults", () => {
  let faults: Faults;
  beforeEach(() => {
    faults = new Faults([
      { id: "create-instance", bootsGuest: true },
      { id: "list-instances" },
      { id: "create-elastic-ip" },
    ]);
  });

  it("are listed, removed one by one, and cleared", () => {
    const [a, b, c] = (["slow", "server-error", "unavailable"] as const).map((kind) => faults.add({ kind }));
    expect(faults.list()).toEqual([
      { id: a, kind: "slow" },
      { id: b, kind: "server-error" },
      { id: c, kind: "unavailable" },
    ]);
    expect([faults.remove(b!), faults.remove(b!)]).toEqual([true, false]);
    expect(faults.list().map(({ id }) => id)).toEqual([a, c]);
    faults.clear();
    expect(faults.list()).toEqual([]);
  });

  it("strike as often as asked", () => {
    const id = faults.add({ kind: "slow", route: "create-instance", count: 2 });
    expect(faults.take("list-instances", true)).toBeUndefined();
    expect(faults.take("create-instance", true)).toMatchObject({ kind: "slow" });
    expect(faults.list()).toEqual([{ id, kind: "slow", route: "create-instance", count: 1 }]);
    expect(faults.take("create-instance", true)).toBeDefined();
    expect(faults.take("create-instance", true)).toBeUndefined();
  });

  it("strike the share that is asked for", () => {
    faults.add({ kind: "slow", share: 0 });
    expect(faults.take("create-instance", true)).toBeUndefined();
    faults.add({ kind: "server-error", share: 1 });
    expect(faults.take("create-instance", true)).toMatchObject({ kind: "server-error" });
  });

  it("are not spent on calls that they cannot hurt", () => {
    faults.add({ kind: "operation-fails", count: 1 });
    faults.add({ kind: "never-boots", count: 1 });
    expect(faults.take("list-instances", false)).toBeUndefined();
    expect(faults.take("create-elastic-ip", true)).toMatchObject({ kind: "operation-fails" });
    expect(faults.take("create-elastic-ip", true)).toBeUndefined();
    expect(faults.take("create-instance", true)).toMatchObject({ kind: "never-boots" });
  });

  it.each([
    [{ kind: "flood" }, "kind: "],
    [{ kind: "slow", count: 0 }, "count: "],
    [{ kind: "slow", count: 1.5 }, "count: "],
    [{ kind: "slow", share: 2 }, "share: "],
    [{ kind: "slow", seconds: -1 }, "seconds: "],
    [{ kind: "slow", seconds: null }, "seconds: "],
    [{ kind: "slow", routes: [] }, "routes"],
    [{ kind: "slow", route: "create-yacht" }, "route: there is no create-yacht"],
    [{ kind: "never-boots", route: "create-elastic-ip" }, "route: create-elastic-ip boots nothing"],
    [undefined, "fault: "],
  ])("say what is wrong with %j", (fault, message) => {
    expect(() => faults.add(fault)).toThrow(message);
    expect(faults.list()).toEqual([]);
  });
});

describe("faults over HTTP", () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());
  beforeEach(() => api.faults.clear());

  /** A request as a program sends it: `fetch` would set headers of its own. */
  function ask(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Json }> {
    const { hostname, port } = new URL(api.url);
    return new Promise((resolve, reject) => {
      request({ hostname, port, method, path, headers }, (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode!, body: JSON.parse(answer) }), reject);
      })
        .on("error", reject)
        .end(body);
    });
  }

  it("are made, listed, removed and cleared", async () => {
    const {
      status,
      body: { id },
    } = await ask("POST", "/zone/faults", JSON.stringify({ kind: "unavailable", count: 3 }));
    expect([status, id]).toEqual([200, expect.any(String)]);
    expect((await fetch(`${api.url}/zone`)).status).toBe(503);
    expect(await ask("GET", "/zone/faults")).toEqual({ status: 200, body: [{ id, kind: "unavailable", count: 2 }] });
    expect(await ask("DELETE", `/zone/faults/${id}`)).toEqual({ status: 200, body: [] });
    expect((await ask("DELETE", `/zone/faults/${id}`)).status).toBe(404);
    await ask("POST", "/zone/faults", JSON.stringify({ kind: "slow" }));
    expect(await ask("DELETE", "/zone/faults")).toEqual({ status: 200, body: [] });
    expect((await fetch(`${api.url}/zone`)).status).toBe(200);
  });

  it.each([["{"], [JSON.stringify({ kind: "flood" })], [""]])("refuse %j", async (body) => {
    expect((await ask("POST", "/zone/faults", body)).status).toBe(400);
    expect((await ask("PUT", "/zone/faults", body)).status).toBe(405);
  });

  it.each([[{ origin: "https://example.com" }], [{ origin: "null" }], [{ host: "example.com" }]])(
    "are not for websites: %j",
    async (headers) => {
      expect(
        (
          await ask(
            "POST",
            "/zone/faults",
            JSON.stringify({ kind: "slow" }),
            headers as unknown as Record<string, string>,
          )
        ).status,
      ).toBe(403);
      expect(api.faults.list()).toEqual([]);
    },
  );
});
