import type { RetryObject } from "got";

import { Refused } from "./errors.ts";
import { timeouts } from "./timeouts.ts";

/** How often a call is made, the first time included. */
export const attempts = 6;

/** Errors after which a request cannot have reached the API. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"]);

/**
 * Milliseconds before a call is repeated; 0 if it is not.
 *
 * A POST creates something: if it may have succeeded without an answer it is not repeated, since the caller has to look for
 * the resource first. A 409 is an answer, not a failure.
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
      ? neverSent.has(error.code) || (idempotent && isTransportError(error))
      : status === 429 || (idempotent && status >= 500 && status !== 501);
  if (!again) return 0;
  if (retryAfter !== undefined && retryAfter > timeouts.retryAfter) return 0;
  // With jitter, so that calls that were refused together are not repeated together.
  const backoff = timeouts.retry * 2 ** (attemptCount - 1) * (0.75 + Math.random() / 2);
  return Math.max(retryAfter ?? 0, backoff);
}

/** True if the call may have been made: not for missing credentials, nor for an answer that cannot be parsed. */
function isTransportError(error: RetryObject["error"]): boolean {
  if (error.cause instanceof Refused) return false;
  return error.name === "RequestError" || error.name === "TimeoutError" || error.name === "ReadError";
}
