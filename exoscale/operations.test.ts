import { describe, expect, test } from "vitest";

import type { Client } from "./client.ts";
import { OperationError } from "./errors.ts";
import { interval, settled, type Operation } from "./operations.ts";

const pending: Operation = { id: "op", state: "pending" };

function answering(...answers: Operation[]): Pick<Client, "get"> & { polls: number } {
  const client = {
    polls: 0,
    get: async <T>() => answers[Math.min(client.polls++, answers.length - 1)] as T,
  };
  return client;
}

describe.concurrent("an operation", () => {
  test("that has succeeded is not polled", async () => {
    const client = answering();
    await settled(client, { id: "op", state: "success" }, { what: "x" });
    expect(client.polls).toBe(0);
  });

  test("is polled until it has succeeded", async () => {
    const client = answering(pending, { id: "op", state: "success" });
    await settled(client, pending, { what: "x" });
    expect(client.polls).toBe(2);
  });

  test.each(["failure", "timeout"] as const)("that ends in %s gives the API's reason", async (state) => {
    const failed: Operation = { id: "op", state, reason: "unavailable", message: "no capacity" };
    const error = await settled(answering(failed), pending, { what: "instance a to start" }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(OperationError);
    expect(error).toMatchObject({
      hanging: false,
      reason: "unavailable",
      message: `instance a to start: the operation ended in ${state}: unavailable: no capacity (operation op)`,
    });
  });

  test("that hangs is given up with its id", async () => {
    const error = await settled(answering(pending), pending, { what: "instance a to start", limit: 700 }).catch(
      (error: unknown) => error,
    );
    expect(error).toMatchObject({
      hanging: true,
      message: "waited 1 s for instance a to start; operation op is still pending",
    });
  });
});

test("polls are quick at first, then 3 s apart, and slower after half a minute", () => {
  expect(interval(0, 0)).toBe(200);
  expect(interval(20, 10_000)).toBe(3_000);
  expect(interval(20, 90_000)).toBe(6_000);
  expect(interval(99, 3_600_000)).toBe(30_000);
});
