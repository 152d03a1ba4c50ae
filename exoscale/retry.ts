import type { RetryObject } from "got";

import { Refused } from "./errors.ts";
import { patience } from "./patience.ts";

/** A call is tried this often in all. */
export const attempts = 6;

/** Errors after which a request cannot have reached the API. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"]);

/**
 * How long to wait before a call is made again, in milliseconds; 0 for never.
 *
 * A POST makes something: where its work may be done although no answer came, it is left to the caller, who looks
 * for what was asked for before asking again. A 409 is an answer, not a fault.
 */
export function delay({
  attemptCount,
  error,
  retryAfter,
}: Pick<RetryObject, "attemptCount" | "error" | "retryAfter">): number {
  if (attemptCount >= attempts) return 0;
  const status = error.response?.statusCode;
  const idempotent = error.options.method !== "POST";
  const again =
    status === undefined
      ? neverSent.has(error.code) || (idempotent && isNetworkError(error))
      : status === 429 || (idempotent && status >= 500 && status !== 501);
  if (!again) return 0;
  if (retryAfter !== undefined && retryAfter > patience.retryAfter) return 0;
  // Spread so that many calls refused together do not come back together.
  const backoff = patience.retry * 2 ** (attemptCount - 1) * (0.75 + Math.random() / 2);
  return Math.max(retryAfter ?? 0, backoff);
}

/** Not an answer that could not be understood, nor what kept the call from being made at all. */
function isNetworkError(error: RetryObject["error"]): boolean {
  if (error.cause instanceof Refused) return false;
  return error.name === "RequestError" || error.name === "TimeoutError" || error.name === "ReadError";
}
