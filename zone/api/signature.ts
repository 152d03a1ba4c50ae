/** Exoscale's request signature, EXO2-HMAC-SHA256: what a client sends and how the zone checks it. */
import { createHmac, timingSafeEqual } from "node:crypto";

import { forbidden } from "./errors.ts";

export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

export interface SignedRequest {
  readonly method: string;
  /** The URL's path and query as they went over the wire, e.g. `/v2/instance?labels=web`. */
  readonly target: string;
  /** The body as it went over the wire; empty if there is none. */
  readonly body: string;
}

/** The `Authorization` header for a request; `expires` in Unix seconds. */
export function sign(request: SignedRequest, { key, secret }: Credentials, expires: number): string {
  const names = signableNames(request.target);
  const signed = names.length === 0 ? "" : `,signed-query-args=${names.join(";")}`;
  return `EXO2-HMAC-SHA256 credential=${key}${signed},expires=${expires},signature=${signature(request, names, secret, expires)}`;
}

/**
 * Checks a request's `Authorization` header; `now` in Unix seconds.
 *
 * @throws ApiError 403 "Invalid request signature", for every reason alike, as the real API does.
 */
export function verify(
  request: SignedRequest,
  header: string | undefined,
  credentials: Credentials,
  now: number,
): void {
  const match = /^EXO2-HMAC-SHA256\s+(.*)$/.exec(header ?? "");
  const fields = new Map((match?.[1] ?? "").split(",").map((pair) => splitOnce(pair.trim(), "=")));
  const names = (fields.get("signed-query-args") ?? "").split(";").filter((name) => name !== "");
  const expires = Number(fields.get("expires"));
  const expected = signature(request, names, credentials.secret, expires);
  const valid =
    fields.get("credential") === credentials.key &&
    expires > now &&
    // An argument left out of the signature could have been added on the way.
    signableNames(request.target).every((name) => names.includes(name)) &&
    sameText(fields.get("signature") ?? "", expected);
  if (!valid) throw forbidden("Invalid request signature");
}

function signature({ method, target, body }: SignedRequest, names: string[], secret: string, expires: number): string {
  const [path, query] = splitOnce(target, "?");
  const args = new URLSearchParams(query);
  const values = names.map((name) => args.get(name) ?? "").join("");
  const message = `${method} ${path}\n${body}\n${values}\n\n${expires}`;
  return createHmac("sha256", secret).update(message).digest("base64");
}

/** Names of the query arguments that take part: those with a single value, sorted. */
function signableNames(target: string): string[] {
  const args = new URLSearchParams(splitOnce(target, "?")[1]);
  return [...new Set(args.keys())].filter((name) => args.getAll(name).length === 1).sort();
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
