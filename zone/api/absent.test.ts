import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../testing/zone.ts";
import { clientOf, type Client } from "../testing/client.ts";
import { absenceOf } from "./absent.ts";
import { otherRoutes, readDocument } from "./document.ts";

const unknown = "00000000-0000-0000-0000-000000000000";
const routes = otherRoutes(readDocument());

let api: TestApi;
let client: Client;
beforeAll(async () => {
  api = await startApi();
  client = clientOf(api);
});
afterAll(() => api.close());

describe("resources that there are none of", () => {
  it.each([
    ["/ai/api-key", "ai-api-keys"],
    ["/block-storage", "block-storage-volumes"],
    [`/block-storage?instance-id=${unknown}`, "block-storage-volumes"],
    ["/block-storage-snapshot", "block-storage-snapshots"],
    ["/dbaas-external-endpoints", "dbaas-endpoints"],
    ["/dbaas-service", "dbaas-services"],
    ["/deploy-target", "deploy-targets"],
    ["/dns-domain", "dns-domains"],
    ["/instance-pool", "instance-pools"],
    ["/kms-key", "kms-keys"],
    ["/load-balancer", "load-balancers"],
    ["/sks-cluster", "sks-clusters"],
    ["/sos-buckets-usage", "sos-buckets-usage"],
    ["/vpc", "vpcs"],
  ])("are listed as none: %s", async (path, items) => {
    expect(await client.get(path)).toEqual({ [items]: [] });
  });

  it("have no other list than those", () => {
    expect(routes.filter((route) => absenceOf(route) === "empty")).toHaveLength(13);
  });

  it.each([
    [`/load-balancer/${unknown}`, `load-balancer ${unknown}`],
    [`/load-balancer/${unknown}/service/${unknown}`, `load-balancer ${unknown}`],
    [`/sks-cluster/${unknown}/nodepool/${unknown}`, `sks-cluster ${unknown}`],
    [`/dns-domain/${unknown}/record`, `dns-domain ${unknown}`],
    ["/dbaas-postgres/orders", "dbaas-postgres orders"],
    [`/ai/api-key/${unknown}`, `ai/api-key ${unknown}`],
  ])("are not found: %s", async (path, what) => {
    expect(await client.call("GET", path)).toEqual({ status: 404, body: { message: `${what} not found` } });
  });

  it.each([
    ["POST", "/load-balancer", "create-load-balancer"],
    ["POST", "/instance-pool", "create-instance-pool"],
    ["POST", "/block-storage", "create-block-storage-volume"],
    ["POST", "/sks-cluster", "create-sks-cluster"],
    ["POST", "/dbaas-postgres/orders", "create-dbaas-service-pg"],
    ["PUT", `/load-balancer/${unknown}`, "update-load-balancer"],
    ["DELETE", `/load-balancer/${unknown}`, "delete-load-balancer"],
  ])("are neither made nor changed: %s %s", async (method, path, name) => {
    expect(await client.call(method, path, {})).toEqual({
      status: 501,
      body: { message: `The local zone has no ${name}` },
    });
  });

  it("answer faults, too", async () => {
    api.faults.add({ kind: "unavailable", route: "list-load-balancers", count: 1 });
    expect((await client.call("GET", "/load-balancer")).status).toBe(503);
    expect((await client.call("GET", "/load-balancer")).status).toBe(200);
  });
});

it("says nothing of what every account has, or of what Exoscale offers", () => {
  const silent = routes.filter((route) => route.name.startsWith("list-") && absenceOf(route) === undefined);
  expect(silent.map(({ name }) => name).sort()).toEqual([
    "list-ai-instance-types",
    "list-api-keys",
    "list-dbaas-external-endpoint-types",
    "list-dbaas-integration-settings",
    "list-dbaas-integration-types",
    "list-dbaas-service-types",
    "list-deployments",
    "list-iam-roles",
    "list-models",
    "list-sks-cluster-versions",
    "list-users",
  ]);
});
