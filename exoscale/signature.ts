import { createHmac } from "node:crypto";

import type { Credentials } from "./credentials.ts";

/** The signed parts of a request. */
export interface SignedRequest {
  readonly method: string;
  /** The whole URL; the path is signed with its `/v2`. */
  readonly url: URL;
  /** The body as sent; empty for none. */
  readonly body: string;
}

/**
 * The `Authorization` header of Exoscale's API v2 (EXO2-HMAC-SHA256).
 *
 * @param expires Unix time in seconds after which the API refuses the request.
 */
export function sign(request: SignedRequest, credentials: Credentials, expires: number): string {
  const { searchParams } = request.url;
  // Only parameters with a single value are signed.
  const names = [...new Set(searchParams.keys())].filter((name) => searchParams.getAll(name).length === 1).sort();
  const message = [
    `${request.method} ${request.url.pathname}`,
    request.body,
    names.map((name) => searchParams.get(name)).join(""),
    "", // The API signs no headers.
    String(expires),
  ].join("\n");
  const signature = createHmac("sha256", credentials.secret).update(message).digest("base64");
  return `EXO2-HMAC-SHA256 ${[
    `credential=${credentials.key}`,
    ...(names.length > 0 ? [`signed-query-args=${names.join(";")}`] : []),
    `expires=${expires}`,
    `signature=${signature}`,
  ].join(",")}`;
}
