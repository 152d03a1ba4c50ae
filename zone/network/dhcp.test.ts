import { expect, test } from "vitest";
import { dhcpServerAddress } from "../addresses.ts";
import { dnsmasqArguments } from "./dhcp.ts";

test.each([
  ["10.0.0.20", "255.255.255.0", "10.0.0.254"],
  ["10.1.2.3", "255.0.0.0", "10.255.255.254"],
  ["192.168.7.129", "255.255.255.252", "192.168.7.130"],
])("DHCP in the network of %s and %s answers from %s", (start, netmask, address) => {
  expect(dhcpServerAddress({ start, end: start, netmask })).toBe(address);
});

test("what is not asked for is not handed out", () => {
  const range = { start: "10.0.0.1", end: "10.0.0.9", netmask: "255.255.255.0" };
  const options = (given: object): string[] =>
    dnsmasqArguments({ range, options: given, leases: [] }, "/hosts").filter((argument) =>
      argument.startsWith("--dhcp-option"),
    );
  // An option without a value is not sent; without the option dnsmasq would send its own address.
  expect(options({})).toEqual(["--dhcp-option=option:router", "--dhcp-option=option:dns-server"]);
  expect(
    options({
      routers: ["10.0.0.5"],
      dnsServers: ["10.0.0.6", "10.0.0.7"],
      ntpServers: ["10.0.0.8"],
      domainSearch: ["a.example", "b.example"],
    }),
  ).toEqual([
    "--dhcp-option=option:router,10.0.0.5",
    "--dhcp-option=option:dns-server,10.0.0.6,10.0.0.7",
    "--dhcp-option=option:ntp-server,10.0.0.8",
    "--dhcp-option=option:domain-search,a.example,b.example",
  ]);
});
