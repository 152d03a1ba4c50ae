import { randomUUID } from "node:crypto";

import { describe, expect, test } from "vitest";

import { antiAffinityGroup } from "./anti-affinity-group.ts";
import { Incomplete, OperationError, Refused } from "./errors.ts";
import { tokenDescription } from "./find.ts";
import { timeouts } from "./timeouts.ts";
import { serve, type Answer, type Call, type Server } from "./testing/http-server.ts";

timeouts.retry = 50;

interface Group {
  id: string;
  name: string;
  description: string;
}
type Fault = (call: Call, work: () => Answer) => Answer | "lost";

/** Anti-affinity groups, and a fault to each of the first POSTs. */
async function groups(faults: Fault[] = [], existing: Group[] = []): Promise<Server & { all: Group[] }> {
  const all = [...existing];
  const server = await serve((call) => {
    if (call.method === "GET" && call.path === "/anti-affinity-group") return { body: { "anti-affinity-groups": all } };
    if (call.method === "GET" && call.path.startsWith("/operation/"))
      return { body: { id: "op", state: "failure", reason: "fault", message: "host on fire" } };
    const work = (): Answer => {
      const group = { ...(call.body as unknown as Group), id: randomUUID() };
      all.push(group);
      return { body: { id: "op", state: "success", reference: { id: group.id } } };
    };
    const fault = faults.shift();
    return fault ? fault(call, work) : work();
  });
  return Object.assign(server, { all });
}

const named = (server: Server, name = "web-servers") => ({ api: server.api, name, token: "t-1" });
const posts = (server: Server) => server.calls.filter(({ method }) => method === "POST").length;

describe.concurrent("create", () => {
  test("creates one with the token", async () => {
    await using server = await groups();
    const { id } = await antiAffinityGroup.create(named(server));
    expect(server.all).toEqual([{ id, name: "web-servers", description: tokenDescription("t-1") }]);
  });

  test.each<[string, Fault]>([
    ["the answer was lost after the work", (_call, work) => (work(), "lost")],
    ["the answer was lost before the work", () => "lost"],
    ["the API broke down after the work", (_call, work) => (work(), { status: 500 })],
    ["the API broke down before the work", () => ({ status: 503 })],
    ["the API asked to wait", () => ({ status: 429, headers: { "retry-after": "1" } })],
    [
      "the work was done, and the second of two refused",
      (_call, work) => (work(), { status: 409, body: { message: "exists" } }),
    ],
  ])("makes one when %s", async (_when, fault) => {
    await using server = await groups([fault]);
    const { id } = await antiAffinityGroup.create(named(server));
    expect(server.all.map((group) => group.id)).toEqual([id]);
  });

  test("creates each once, when many at the same time lose their answers", async () => {
    const lost: Fault = (_call, work) => (work(), "lost");
    await using server = await groups(Array.from({ length: 20 }, () => lost));
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        antiAffinityGroup.create({ api: server.api, name: `g${i}`, token: `t${i}` }),
      ),
    );
    expect(new Set(made.map(({ id }) => id))).toEqual(new Set(server.all.map(({ id }) => id)));
    expect(server.all).toHaveLength(20);
  });

  test("finds what an interrupted run created", async () => {
    await using server = await groups([], [{ id: "known", name: "web-servers", description: tokenDescription("t-1") }]);
    await expect(antiAffinityGroup.create(named(server))).resolves.toMatchObject({ id: "known" });
    expect(posts(server)).toBe(0);
  });

  test.each(["", tokenDescription("t-2"), "made by hand"])(
    "does not touch a resource without its creation token (%j)",
    async (description) => {
      await using server = await groups([], [{ id: "theirs", name: "web-servers", description }]);
      const error = await antiAffinityGroup.create(named(server)).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({
        message: expect.stringMatching(
          /^anti-affinity group web-servers exists already \(theirs\).*delete it or rename it/,
        ),
      });
      expect(posts(server)).toBe(0);
    },
  );

  test("does not choose between two with one token", async () => {
    const group = { name: "web-servers", description: tokenDescription("t-1") };
    await using server = await groups(
      [],
      [
        { ...group, id: "a" },
        { ...group, id: "b" },
      ],
    );
    await expect(antiAffinityGroup.create(named(server))).rejects.toThrow(
      "exists 2 times with the same creation token (a, b)",
    );
  });

  test("gives up on an API that keeps losing answers", async () => {
    await using server = await groups(
      Array.from({ length: 9 }, (): Fault => () => ({ status: 500, body: { message: "down" } })),
    );
    await expect(antiAffinityGroup.create(named(server))).rejects.toThrow("POST /anti-affinity-group: 500: down");
    expect(posts(server)).toBe(5);
  }, 30_000);

  test("fails with the operation's reason if nothing was created", async () => {
    await using server = await groups([() => ({ body: { id: "op", state: "pending", reference: { id: "x" } } })]);
    const error = await antiAffinityGroup.create(named(server)).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(OperationError);
    expect(error).toMatchObject({
      message: expect.stringContaining(
        "anti-affinity group web-servers to be created: the operation ended in failure: fault: host on fire",
      ),
    });
  });

  test("keeps the id if the operation failed but the resource exists", async () => {
    await using server = await groups([
      (_call, work) => {
        work();
        return { body: { id: "op", state: "pending", reference: { id: "x" } } };
      },
    ]);
    const error = await antiAffinityGroup.create(named(server)).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Incomplete);
    expect(error).toMatchObject({ id: server.all[0]!.id });
  });
});
