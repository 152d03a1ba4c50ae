import { expect, test } from "vitest";
import { apiServiceAddress, dnsServiceAddress } from "./service-addresses.ts";

test("fixed Services have fixed addresses", () => {
  expect(apiServiceAddress("10.96.0.0/16")).toBe("10.96.0.1");
  expect(dnsServiceAddress("10.96.0.0/16")).toBe("10.96.0.10");
  expect(dnsServiceAddress("10.96.0.240/28")).toBe("10.96.0.250");
});

test("a network that is too small for the DNS's address is refused", () => {
  expect(() => dnsServiceAddress("10.96.0.0/29")).toThrow("10.96.0.0/29 is too small for an address number 10");
});
