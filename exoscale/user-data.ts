import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { gzip } from "../gzip.ts";

/** The most that the API accepts, in base64 characters (schema of `user-data`). */
export const userDataLimit = 32_768;

/** A cloud-config as the API expects it: gzip, base64. */
export const encodeUserData = (text: string): string => gzip(text).toString("base64");

/** The text of user-data, compressed or not. What cannot be decompressed is returned as it is. */
export function decodeUserData(encoded: string): string {
  const bytes = Buffer.from(encoded, "base64");
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (zipped ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    // Not ours: it differs from anything that we set.
    return encoded;
  }
}

/** SHA-256 of the text in hex: not secret, and independent of the compressor. */
export function userDataSha256(encoded: string | undefined): string {
  return createHash("sha256")
    .update(decodeUserData(encoded ?? ""))
    .digest("hex");
}
