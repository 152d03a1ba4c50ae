import type { RequestError } from "got";
import { expect, test } from "vitest";

import { attempts, delay } from "./retry.ts";

function failure(
  method: string,
  what: { status?: number; code?: string; name?: string; retryAfter?: number; attemptCount?: number },
) {
  const error = {
    name: what.name ?? (what.status ? "HTTPError" : "RequestError"),
    code: what.code,
    options: { method },
    response: what.status ? { statusCode: what.status } : undefined,
  };
  return { attemptCount: what.attemptCount ?? 1, error: error as unknown as RequestError, retryAfter: what.retryAfter };
}

test.each([
  ["GET", { status: 500 }],
  ["PUT", { status: 503 }],
  ["DELETE", { status: 502 }],
  ["POST", { status: 429 }],
  ["PUT", { code: "ECONNRESET" }],
  ["GET", { code: "ETIMEDOUT", name: "TimeoutError" }],
  ["POST", { code: "ECONNREFUSED" }],
  ["POST", { code: "EAI_AGAIN" }],
] as const)("%s after %o: again", (method, what) => {
  expect(delay(failure(method, what))).toBeGreaterThan(0);
});

test.each([
  ["GET", { status: 409 }],
  ["GET", { status: 501 }],
  ["GET", { status: 404 }],
  ["POST", { status: 500 }],
  ["POST", { code: "ECONNRESET" }],
  ["POST", { code: "ETIMEDOUT", name: "TimeoutError" }],
  ["GET", { name: "ParseError" }],
  ["GET", { status: 429, retryAfter: 3_600_000 }],
] as const)("%s after %o: never", (method, what) => {
  expect(delay(failure(method, what))).toBe(0);
});

test("each pause is longer than the one before, and there are not many", () => {
  for (let attemptCount = 1; attemptCount < attempts; attemptCount++) {
    const expected = 500 * 2 ** (attemptCount - 1);
    const pause = delay(failure("GET", { status: 500, attemptCount }));
    expect(pause).toBeGreaterThanOrEqual(expected * 0.75);
    expect(pause).toBeLessThanOrEqual(expected * 1.25);
  }
  expect(delay(failure("GET", { status: 500, attemptCount: attempts }))).toBe(0);
});

test("Retry-After is the least", () => {
  expect(delay(failure("GET", { status: 429, retryAfter: 20_000 }))).toBe(20_000);
});
