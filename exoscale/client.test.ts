import { describe, expect, test, vi } from "vitest";

import { connect } from "./client.ts";
import { ApiError } from "./errors.ts";
import { inTurn, serve } from "./testing/http-server.ts";

const zones = { body: { zones: [] } };

describe.concurrent("a call", () => {
  test("is signed again for every attempt", async () => {
    await using server = await serve(inTurn({ status: 503 }, zones));
    await connect(server.api).get("/zone");
    const [first, second] = server.calls.map((call) => call.headers.authorization);
    expect(first).toMatch(/^EXO2-HMAC-SHA256 credential=EXOtest,expires=\d+,signature=/);
    expect(second).toMatch(/^EXO2-HMAC-SHA256 /);
  });

  test.each([[500], [502], [503], [504]])("is repeated after %d", async (status) => {
    await using server = await serve(inTurn({ status, body: "<html>" }, zones));
    await expect(connect(server.api).get("/zone")).resolves.toEqual({ zones: [] });
    expect(server.calls).toHaveLength(2);
  });

  test("is repeated after a lost connection", async () => {
    await using server = await serve(inTurn("lost", "lost", zones));
    await connect(server.api).get("/zone");
    expect(server.calls).toHaveLength(3);
  });

  test.each([[400], [403], [404], [409], [501]])("is not repeated after %d", async (status) => {
    await using server = await serve(inTurn({ status, body: { message: "no" } }, zones));
    const error = await connect(server.api)
      .put("/instance/1", {})
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, reason: "no", message: `PUT /instance/1: ${status}: no` });
    expect(server.calls).toHaveLength(1);
  });

  test("that creates something is repeated only if it cannot have succeeded", async () => {
    for (const answer of [{ status: 500 }, "lost"] as const) {
      await using server = await serve(inTurn(answer, zones));
      await expect(connect(server.api).post("/instance", {})).rejects.toThrow(ApiError);
      expect(server.calls).toHaveLength(1);
    }
    await using server = await serve(inTurn({ status: 429 }, { body: { id: "1", state: "success" } }));
    await connect(server.api).post("/instance", {});
    expect(server.calls).toHaveLength(2);
  });

  test("waits as long as a 429 says, and so do other calls", async () => {
    await using server = await serve(inTurn({ status: 429, headers: { "retry-after": "2" } }, zones));
    const client = connect(server.api);
    const first = client.get("/zone");
    while (server.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await Promise.all([first, client.get("/instance")]);
    const [refused, ...later] = server.calls.map((call) => call.at);
    for (const at of later) expect(at - refused!).toBeGreaterThan(1_990);
  });

  test("does not obey a Retry-After that is too long", async () => {
    await using server = await serve(
      inTurn({ status: 429, headers: { "retry-after": "86400" }, body: { message: "slow down" } }),
    );
    await expect(connect(server.api).get("/zone")).rejects.toThrow("GET /zone: 429: slow down");
    expect(server.calls).toHaveLength(1);
  });

  test("without an answer names the endpoint", async () => {
    await using server = await serve(inTurn("lost"));
    await expect(connect(server.api).post("/instance", {})).rejects.toThrow(
      /^POST \/instance: no answer: .*127\.0\.0\.1/,
    );
  });

  test("fails with every reason that the API gives", async () => {
    await using server = await serve(
      inTurn(
        { status: 400, body: { message: "Invalid", errors: [{ message: "name too long" }, { message: "no disk" }] } },
        { status: 400, body: { title: "Bad", detail: "really" } },
        { status: 400, body: "" },
      ),
    );
    const client = connect(server.api);
    await expect(client.get("/a")).rejects.toThrow("GET /a: 400: Invalid: name too long: no disk");
    await expect(client.get("/a")).rejects.toThrow("GET /a: 400: Bad: really");
    await expect(client.get("/a")).rejects.toThrow("GET /a: 400: no reason given");
  });

  test("never shows what was sent", async () => {
    const userData = "S3CR3T".repeat(200);
    await using server = await serve(
      inTurn({ status: 400, body: { message: `user-data: bad value "${userData}"` } }, "lost"),
    );
    const client = connect(server.api);
    for (const error of [
      await client.put("/instance/1", { "user-data": userData }).catch((error: unknown) => error),
      await client.post("/instance", { "user-data": userData }).catch((error: unknown) => error),
    ]) {
      const { inspect } = await import("node:util");
      const everything = inspect(error, { depth: 20, showHidden: true });
      expect(everything).not.toContain("S3CR3T");
      expect(everything).not.toContain("a-secret-of-the-test");
      expect(everything).not.toContain("EXO2-HMAC");
    }
  });
});

test("without credentials no call is made", async () => {
  await using server = await serve(inTurn(zones));
  vi.stubEnv("EXOSCALE_API_KEY", "");
  vi.stubEnv("EXOSCALE_API_SECRET", "");
  vi.stubEnv("XDG_CONFIG_HOME", "/nonexistent");
  const start = performance.now();
  await expect(connect(server.api).get("/zone")).rejects.toThrow(/^No Exoscale credentials\. Set EXOSCALE_API_KEY/);
  expect(performance.now() - start).toBeLessThan(500);
  expect(server.calls).toEqual([]);
  vi.unstubAllEnvs();
});

describe("a list", () => {
  test("is read once by callers that accept its age", async () => {
    await using server = await serve(inTurn({ body: { instances: [{ id: 1 }] } }));
    const client = connect(server.api);
    const lists = await Promise.all([1, 2, 3].map(() => client.list("/instance", "instances", 60_000)));
    expect(lists).toEqual([[{ id: 1 }], [{ id: 1 }], [{ id: 1 }]]);
    expect(server.calls).toHaveLength(1);
    await client.list("/instance", "instances");
    expect(server.calls).toHaveLength(2);
  });

  test("that failed is read again", async () => {
    await using server = await serve(inTurn({ status: 403 }, { body: {} }));
    const client = connect(server.api);
    await expect(client.list("/instance", "instances", 60_000)).rejects.toThrow("403");
    await expect(client.list("/instance", "instances", 60_000)).resolves.toEqual([]);
  });
});
