import { describe, expect, it } from "vitest";

import { sign, verify } from "./signature.ts";

const exo = { key: `EXO${"x".repeat(24)}`, secret: "X".repeat(43) };
const test = { key: "test-key", secret: "0123456789abcdef" };

const vectors = [
  {
    name: "plain",
    credentials: exo,
    expires: 3376684800,
    method: "GET",
    target: "/v2/zone",
    body: "",
    signature: "Ntbq/p0HVmA3Zg1HHY+Lq1vjFGi7HeMrrgXDS5jRNlY=",
  },
  {
    name: "query",
    credentials: exo,
    expires: 3376684800,
    method: "GET",
    target: "/v2/zone?k1=v1&k2=v2",
    body: "",
    signature: "iqOBz13+44L5j0uJclE8hmUhQQcvtCSoPEOXYK6liqY=",
  },
  {
    name: "body",
    credentials: test,
    expires: 1750000000,
    method: "POST",
    target: "/instance",
    body: `{"disk-size":10,"name":"foo"}`,
    signature: "ZqEE7tXE57UIydqAXHsqZgGA/UzTft1t9PFFVKvNGtA=",
  },
  {
    name: "sorted query",
    credentials: test,
    expires: 1750000000,
    method: "GET",
    target: "/instance?manager-type=instance-pool&labels=web",
    body: "",
    signature: "gVbvdwVNMPtM6KFi0aNOcMfJ6P4kJhgUX/r6KT+mt9k=",
  },
];

describe("the signature", () => {
  it.each(vectors)("is Exoscale's: $name", ({ credentials, expires, signature, ...request }) => {
    const header = sign(request, credentials, expires);
    expect(header).toContain(`signature=${signature}`);
    expect(() => verify(request, header, credentials, expires - 1)).not.toThrow();
  });

  const request = { method: "GET", target: "/v2/instance?labels=a", body: "" };
  const header = sign(request, exo, 2000);

  it.each([
    ["expired", request, header, exo, 2000],
    ["another secret", request, header, { ...exo, secret: "other" }, 1000],
    ["another key", request, header, { ...exo, key: "EXOother" }, 1000],
    ["another value", { ...request, target: "/v2/instance?labels=b" }, header, exo, 1000],
    ["another body", { ...request, body: "{}" }, header, exo, 1000],
    [
      "an argument nobody signed",
      { ...request, target: "/v2/instance?labels=a&ip-address=1.2.3.4" },
      header,
      exo,
      1000,
    ],
    ["no header", request, undefined, exo, 1000],
    ["another scheme", request, "Basic abc", exo, 1000],
    ["a later expiry", request, header.replace("expires=2000", "expires=9000"), exo, 1000],
  ])("is refused: %s", (_name, call, authorization, credentials, now) => {
    expect(() => verify(call, authorization, credentials, now)).toThrow("Invalid request signature");
  });

  it("leaves out arguments with several values", () => {
    expect(sign({ ...request, target: "/v2/instance?a=1&a=2&b=3" }, exo, 2000)).toContain("signed-query-args=b,");
  });
});
