import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";

import { isLocal } from "./local.ts";

const from = (
  remoteAddress: string | undefined,
  localAddress: string,
  host = "127.0.0.1:8180",
  origin?: string,
): boolean =>
  isLocal({ socket: { remoteAddress, localAddress }, headers: { host, origin } } as unknown as IncomingMessage);

it.each([
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.0.7", "127.0.0.1"],
  ["::1", "::1"],
  ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
  ["192.0.2.1", "192.0.2.1"], // this machine, at an address of its own
])("a program on this machine is local: %s to %s", (remote, local) => {
  expect(from(remote, local)).toBe(true);
});

it.each([
  ["198.18.1.1", "198.18.0.1"], // an instance
  ["192.0.2.2", "192.0.2.1"],
  ["::ffff:192.0.2.2", "::ffff:192.0.2.1"],
  [undefined, "127.0.0.1"], // gone
])("nobody else is: %s to %s", (remote, local) => {
  expect(from(remote, local)).toBe(false);
});

it.each([
  ["127.0.0.1:8180", undefined, true],
  ["localhost:8180", "http://localhost:8180", true],
  ["[::1]:8180", "http://[::1]:8180", true],
  ["127.0.0.1:8180", "http://127.0.0.1:8181", false],
  ["example.com:8180", "http://example.com:8180", false], // a name that its owner has led here
  ["", undefined, false],
])("a browser here may show the zone's own pages alone: %s from %s", (host, origin, expected) => {
  expect(from("127.0.0.1", "127.0.0.1", host, origin)).toBe(expected);
});
