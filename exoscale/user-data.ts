import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

/** What the API takes, in base64 characters (schema of `user-data`). */
export const userDataLimit = 32_768;

/** A cloud-config as the API takes it: gzip, base64. */
export function encodeUserData(text: string): string {
  return gzipSync(text, { level: 9 }).toString("base64");
}

/** The text again; also of user-data that somebody else set without gzip. */
export function decodeUserData(encoded: string): string {
  const bytes = Buffer.from(encoded, "base64");
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (zipped ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    // Broken by hand: equal to nothing we set.
    return encoded;
  }
}

/** SHA-256 of the text in hex: what a state may say about user-data, and the same for every compressor. */
export function userDataSha256(encoded: string | undefined): string {
  return createHash("sha256")
    .update(decodeUserData(encoded ?? ""))
    .digest("hex");
}
