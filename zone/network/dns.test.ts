import { expect, test } from "vitest";
import { renderHosts, renderReverse } from "./dns.ts";
import { elasticIp, instance, inventoryOf } from "./testing/environment.ts";

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

test("reverse DNS: of instances with an address and of elastic IPs", () => {
  const inventory = inventoryOf({
    instances: [
      instance(1, { reverseDns: "one.example.org" }),
      instance(2),
      instance(3, { address: null, reverseDns: "three.example.org" }),
    ],
    elasticIps: [{ ...elasticIp("api", "198.18.255.1"), reverseDns: "api.example.org" }],
  });
  expect(renderReverse(inventory)).toBe(
    "ptr-record=1.1.18.198.in-addr.arpa,one.example.org\nptr-record=1.255.18.198.in-addr.arpa,api.example.org\n",
  );
});
