import { isDeepStrictEqual } from "node:util";
import type { Api, ElasticIp } from "./api.ts";
import { connect } from "./client.ts";
import { fromApi, toApi, type Healthcheck } from "./healthcheck.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";

/**
 * The health check that a managed elastic IP goes by. It is created with the same one; where its holders have to change before
 * they pass another, this resource depends on them.
 */
export interface ElasticIpHealthcheckInputs {
  readonly api: Api;
  /** The elastic IP's id. */
  readonly elasticIp: string;
  /** Its description in the API. */
  readonly name: string;
  readonly healthcheck: Healthcheck;
}

export const elasticIpHealthcheck: ResourceProvider<ElasticIpHealthcheckInputs, ElasticIpHealthcheckInputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["elasticIp"]);
    const updates = changed(olds, news, ["api", "name", "healthcheck"]);
    return { changes: replaces.length + updates.length > 0, replaces };
  },

  async create(inputs) {
    await set(inputs);
    return { id: inputs.elasticIp, outs: inputs };
  },

  async read(id, olds) {
    const actual = await orGone(connect(olds.api).get<ElasticIp>(`/elastic-ip/${id}`));
    if (!actual) return undefined;
    const outs = { ...olds, healthcheck: fromApi(actual, olds.healthcheck) };
    return { outs, inputs: outs };
  },

  async update(_id, _olds, news) {
    await set(news);
    return news;
  },

  // The elastic IP keeps its last one.
  delete: () => Promise.resolve(),
};

async function set({ api, elasticIp, name, healthcheck }: ElasticIpHealthcheckInputs): Promise<void> {
  const client = connect(api);
  const path = `/elastic-ip/${elasticIp}`;
  // A call that changes nothing could make the API forget who is healthy.
  if (isDeepStrictEqual(fromApi(await client.get<ElasticIp>(path), healthcheck), healthcheck)) return;
  await client.wait(await client.put(path, { healthcheck: toApi(healthcheck) }), {
    what: `the health check of elastic IP ${name} to be changed`,
  });
}
