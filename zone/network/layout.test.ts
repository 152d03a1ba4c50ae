import { expect, test } from "vitest";
import { layoutOf, privateBridge } from "./layout.ts";

test("a layout's names derive from the bridge", () => {
  expect(layoutOf({ bridge: "exozone1", subnet: "198.19.0.0/16", gateway: "198.19.0.1" })).toMatchObject({
    runtime: "/run/exoscale-network-exozone1",
    mark: "exoscale zone exozone1",
    healthCheckSource: "198.19.0.2",
  });
});

test("the name of a private network's bridge is an interface's, and another for each network and zone", () => {
  const names = [
    privateBridge("exozone0", "a"),
    privateBridge("exozone0", "b"),
    privateBridge("other0", "a"),
    privateBridge("exozone0", "a"),
  ];
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^pn[0-9a-f]{12}$/);
});

test.each([
  [{ bridge: "exo zone" }, "exo zone cannot be the name of a bridge"],
  [{ bridge: "averylongbridgename" }, "cannot be the name of a bridge"],
  [{ subnet: "198.18.0.0/24" }, "198.18.0.0/24 is no network for a zone"],
  [{ subnet: "fd00::/16" }, "fd00::/16 is no network for a zone"],
])("refused: %o", (fields, message) => {
  expect(() => layoutOf({ bridge: "exozone0", subnet: "198.18.0.0/16", gateway: "198.18.0.1", ...fields })).toThrow(
    message,
  );
});
