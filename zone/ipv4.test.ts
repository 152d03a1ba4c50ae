import { expect, test } from "vitest";
import { isHostIn, networkOf, parseNetwork, prefixOf, toNumber, toText } from "./ipv4.ts";

test.each([
  ["0.0.0.0", 0],
  ["198.18.1.10", 0xc612010a],
  ["255.255.255.255", 2 ** 32 - 1],
])("%s is %i", (text, number) => {
  expect(toNumber(text)).toBe(number);
  expect(toText(number)).toBe(text);
});

test("a network is parsed without host bits; everything else is undefined", () => {
  expect(parseNetwork("198.18.1.10/16")).toEqual({ base: toNumber("198.18.0.0"), size: 2 ** 16, prefix: 16 });
  for (const text of ["198.18.1.10", "198.18.0.0/33", "fd00::/16", "network"])
    expect(parseNetwork(text)).toBeUndefined();
});

test("a netmask has a prefix length; other addresses have none", () => {
  expect(prefixOf("255.255.252.0")).toBe(22);
  expect(prefixOf("255.0.255.0")).toBeUndefined();
  expect(() => networkOf("10.0.0.1", "255.0.255.0")).toThrow("10.0.0.1 and 255.0.255.0 are no IPv4 network");
});

test.each([
  ["10.0.0.0", false],
  ["10.0.0.1", true],
  ["10.0.0.254", true],
  ["10.0.0.255", false],
  ["10.0.1.1", false],
  ["9.255.255.255", false],
])("%s is a host's address in the network of 10.0.0.20 and 255.255.255.0: %s", (address, expected) => {
  expect(isHostIn(networkOf("10.0.0.20", "255.255.255.0"), address)).toBe(expected);
});
