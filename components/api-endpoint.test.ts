import { expect, test } from "vitest";
import { ApiEndpoint } from "./api-endpoint.ts";
import { byName, run, settled } from "./testing/engine.ts";

const healthcheck = { mode: "tcp", port: 6444, interval: 5, timeout: 2, strikesOk: 1, strikesFail: 2 };

test("the elastic IP asks masters at a port of its own, those of a cluster that exists once all of them listen there", async () => {
  const { resources, result } = await run(() => {
    const endpoint = new ApiEndpoint("dev", { api: { endpoint: "http://127.0.0.1/v2", zone: "ch-gva-2" } });
    endpoint.follow([]);
    return endpoint;
  });
  expect(byName(resources, "ElasticIp")["dev-api"]).toMatchObject({
    name: "dev-api",
    token: "dev-api-elasticIp-id",
    healthcheck,
    labels: { cluster: "dev" },
  });
  expect(byName(resources, "ElasticIpHealthcheck")["dev-api"]).toMatchObject({
    name: "dev-api",
    elasticIp: expect.stringMatching(/^dev-api-id/),
    healthcheck,
  });
  expect((await settled(result.url)).value).toBe("https://198.51.100.99:6443");
});
