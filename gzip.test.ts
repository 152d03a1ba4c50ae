import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gzip } from "./gzip.ts";
import { renderMaster } from "./ignition/index.ts";
import { master } from "./ignition/testing/fixtures.ts";

const hex = (bytes: number) => `  a.crt ${randomBytes(bytes).toString("hex").toUpperCase()} CERTIFICATE\n`;

test.each([
  ["a master's cloud-config", renderMaster(master)],
  ["nothing", ""],
  ["hex alone", hex(400)],
  ["hex at the beginning, in the middle and at the end", `${hex(400)}a\n${hex(30)}${hex(40_000)}é 日本\n${hex(32)}`],
  ["more than deflate looks back", `${"a: b\n".repeat(20_000)}${hex(400)}${"a: b\n".repeat(20_000)}`],
])("%s comes back as it was", (_, text) => {
  expect(gunzipSync(gzip(text)).toString()).toBe(text);
  // Its own checks of length and sum.
  expect(execFileSync("gzip", ["--decompress", "--stdout"], { input: gzip(text) }).toString()).toBe(text);
});

test("any text comes back as it was", () => {
  const line = fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[0-9A-F]{60,200}$/));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = lines.join("\n");
      expect(gunzipSync(gzip(text)).toString()).toBe(text);
    }),
  );
});

test("certificates take less room than in zlib's blocks", () => {
  const [before, after] = renderMaster(master).split(/(?=\nunits:|\ncoreos:)/) as [string, string];
  const config = `${before}\n${hex(400).repeat(2)}${hex(400)}${hex(400)}${hex(400)}${after}`;
  const levels = [5, 6, 7, 8, 9].map((memLevel) => gzipSync(config, { level: 9, memLevel }).length);
  expect(gzip(config).length).toBeLessThan(Math.min(...levels));
});
