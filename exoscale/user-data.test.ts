import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { decodeUserData, encodeUserData, userDataSha256 } from "./user-data.ts";

const text = "#cloud-config\n# grüezi\n";

test("is the same text again, however it was compressed", () => {
  for (const encoded of [
    encodeUserData(text),
    gzipSync(text, { level: 1 }).toString("base64"),
    Buffer.from(text).toString("base64"),
  ]) {
    expect(decodeUserData(encoded)).toBe(text);
    expect(userDataSha256(encoded)).toBe(userDataSha256(encodeUserData(text)));
  }
});

test("missing or broken user-data differs", () => {
  const hashes = [undefined, Buffer.from([0x1f, 0x8b, 0]).toString("base64"), encodeUserData(text)].map(userDataSha256);
  expect(new Set(hashes).size).toBe(3);
});
