import { expect, test } from "vitest";
import { ApiEndpoint } from "./api-endpoint.ts";
import { byName, run, settled } from "./testing/engine.ts";

test("the elastic IP asks apiservers whether they are ready", async () => {
  const { resources, result } = await run(
    () => new ApiEndpoint("dev", { api: { endpoint: "http://127.0.0.1/v2", zone: "ch-gva-2" } }),
  );
  expect(byName(resources, "ElasticIp")["dev-api"]).toMatchObject({
    name: "dev-api",
    token: "dev-api-elasticIp-id",
    healthcheck: {
      mode: "https",
      port: 6443,
      uri: "/readyz",
      interval: 5,
      timeout: 2,
      strikesOk: 1,
      strikesFail: 2,
      tlsSkipVerify: true,
    },
    labels: { cluster: "dev" },
  });
  expect((await settled(result.url)).value).toBe("https://198.51.100.99:6443");
});
