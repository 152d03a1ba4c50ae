import { describe, expect, it } from "vitest";

import { addressesIn, macOf } from "./addresses.ts";

const none = new Set<string>();

describe("addresses", () => {
  it("are laid out as the zone says", () => {
    const addresses = addressesIn("198.18.0.0/16");
    expect(addresses.gateway).toBe("198.18.0.1");
    expect(addresses.instance(none)).toBe("198.18.1.1");
    expect(addresses.elasticIp(none)).toBe("198.18.255.1");
  });

  it("follow the subnet", () => {
    const addresses = addressesIn("198.19.4.0/22");
    expect(addresses.gateway).toBe("198.19.4.1");
    expect(addresses.instance(none)).toBe("198.19.5.1");
    expect(addresses.elasticIp(none)).toBe("198.19.7.1");
  });

  it("rest before they are given again, also over a restart", () => {
    const addresses = addressesIn("198.18.0.0/16");
    addresses.instance(none);
    expect(addresses.instance(none)).toBe("198.18.1.2");
    expect(addressesIn("198.18.0.0/16").instance(new Set(["198.18.1.7", "198.18.255.1"]))).toBe("198.18.1.8");
  });

  it("skip what looks like a network's own and come round to the free ones", () => {
    const addresses = addressesIn("198.18.0.0/22");
    const given = Array.from({ length: 508 }, () => addresses.instance(none));
    expect(new Set(given).size).toBe(508);
    expect(given.filter((address) => /\.(0|255)$/.test(address))).toEqual([]);
    expect(addresses.instance(new Set(given.slice(1)))).toBe("198.18.1.1");
    expect(() => addresses.instance(new Set(given))).toThrow("no address left for instances in 198.18.0.0/22");
  });

  it.each(["198.18.0.0/24", "hello", "::/0"])("refuse the subnet %s", (subnet) => {
    expect(() => addressesIn(subnet)).toThrow(/give/);
  });

  it("show in the MAC address", () => {
    expect(macOf("198.18.1.10")).toBe("06:00:c6:12:01:0a");
  });
});
