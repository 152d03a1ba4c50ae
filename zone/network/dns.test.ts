import { expect, test } from "vitest";
import { renderHosts } from "./dns.ts";
import { instance, inventoryOf } from "./testing/environment.ts";

test("hosts: instances with an address and a name that is a host's", () => {
  const inventory = inventoryOf({
    instances: [
      instance(1, { name: "master-1" }),
      instance(2, { name: "two.example.org" }),
      instance(3, { name: "three\n198.18.1.1 master-2" }),
      instance(4, { name: "-four" }),
      instance(5, { name: "five", address: null }),
      instance(6, { name: "s".repeat(64) }),
    ],
  });
  expect(renderHosts(inventory)).toBe("198.18.1.1 master-1\n198.18.1.2 two.example.org\n");
});
