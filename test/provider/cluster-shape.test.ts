/** What is looked up before a cluster is made. */
import { describe, expect, test } from "vitest";

import { providers } from "../../provider/handlers.ts";
import { openEnvironment, plain } from "./environment.ts";

const shape = { name: "kube", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/16", masters: 3 };

describe.concurrent("a new cluster", () => {
  async function create(types: string[]) {
    await using environment = await openEnvironment({ unauthorizedTypes: ["standard.huge"] });
    const { endpoint, zone } = environment.api;
    return await providers.clusterShape.create(plain({ ...shape, zone, machines: { endpoint, types } }));
  }

  test("is made of types that the account may use", async () => {
    expect(await create(["standard.medium", "cpu.huge"])).toMatchObject({ id: "local-1" });
  });

  test.each([
    ["standard.huge", "The account is not authorized for instance type standard.huge; ask Exoscale's support for it"],
    ["standard.gigantic", "There is no instance type standard.gigantic in this zone; there are "],
  ])("is not begun with %s", async (type, reason) => {
    await expect(create(["standard.medium", type])).rejects.toThrow(reason);
  });

  test("asks nobody if nothing is said of its machines", async () => {
    expect(await providers.clusterShape.create(plain({ ...shape, zone: "nowhere-1" }))).toMatchObject({
      id: "nowhere-1",
    });
  });
});

test("another type is no change of a cluster's shape, nor are types that an earlier release did not store", async () => {
  const olds = { ...shape, zone: "local-1" };
  const machines = { endpoint: "https://api.example/v2", types: ["standard.medium"] };
  for (const before of [olds, { ...olds, machines: { ...machines, types: ["standard.large"] } }]) {
    const news = plain({ ...olds, machines });
    expect((await providers.clusterShape.check(plain(before), news)).failures).toEqual([]);
    expect(await providers.clusterShape.diff("local-1", plain(before), news)).toMatchObject({ changes: false });
  }
});
