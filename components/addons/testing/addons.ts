import { ApiEndpoint } from "../../api-endpoint.ts";
import { run } from "../../testing/engine.ts";
import { Addons } from "../addons.ts";

/** What all add-ons register in a cluster of so many nodes. */
export async function addons(nodes: number, kubernetesCA = "CA") {
  const { resources } = await run(() => {
    const endpoint = new ApiEndpoint("dev", { api: { endpoint: "http://127.0.0.1/v2", zone: "ch-gva-2" } });
    return new Addons("dev", {
      kubeconfig: "{}",
      kubernetesCA,
      endpoint,
      serviceCIDR: "10.96.0.0/16",
      ready: [endpoint],
      nodes: Array.from({ length: nodes }, (_, i) => ({ name: `dev-worker-${i + 1}`, role: "worker" })),
    });
  });
  return resources;
}
