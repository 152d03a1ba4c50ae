import { expect, test } from "vitest";

import { sign } from "./signature.ts";

const ego = { key: `EXO${"x".repeat(24)}`, secret: "X".repeat(43) };
const sdk = { key: "test-key", secret: "0123456789abcdef" };

// The vectors of egoscale (v3/api_test.go) and of exoscale-sdk-ts; the latter's base URL has no /v2.
test.each([
  [ego, 3376684800, "GET", "https://x/v2/zone", "", "Ntbq/p0HVmA3Zg1HHY+Lq1vjFGi7HeMrrgXDS5jRNlY="],
  [ego, 3376684800, "GET", "https://x/v2/zone?k1=v1&k2=v2", "", "iqOBz13+44L5j0uJclE8hmUhQQcvtCSoPEOXYK6liqY="],
  [
    sdk,
    1750000000,
    "POST",
    "https://x/instance",
    '{"disk-size":10,"name":"foo"}',
    "ZqEE7tXE57UIydqAXHsqZgGA/UzTft1t9PFFVKvNGtA=",
  ],
  [
    sdk,
    1750000000,
    "GET",
    "https://x/instance?labels=web&manager-type=instance-pool",
    "",
    "gVbvdwVNMPtM6KFi0aNOcMfJ6P4kJhgUX/r6KT+mt9k=",
  ],
])("%o %d %s %s", (credentials, expires, method, url, body, signature) => {
  const header = sign({ method, url: new URL(url), body }, credentials, expires);
  expect(header).toMatch(new RegExp(`^EXO2-HMAC-SHA256 credential=${credentials.key},`));
  expect(header.endsWith(`,expires=${expires},signature=${signature}`)).toBe(true);
});

test("names the signed arguments in order, and leaves out those with several values", () => {
  const header = sign({ method: "GET", url: new URL("https://x/v2/a?b=1&a=2&c=3&c=4"), body: "" }, sdk, 1);
  expect(header).toContain("signed-query-args=a;b,");
});
