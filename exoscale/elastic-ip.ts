import type { Api, ElasticIp } from "./api.ts";
import { remove } from "./busy.ts";
import { connect } from "./client.ts";
import { findOrCreate, keptNotice, tokenLabel, type Collection } from "./find.ts";
import { toApi, type Healthcheck } from "./healthcheck.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";

/** A managed address. Its traffic goes to those of its instances that are healthy. */
export interface ElasticIpInputs {
  readonly api: Api;
  /** The description in the API. */
  readonly name: string;
  readonly token: string;
  /** The one that it is created with. `ElasticIpHealthcheck` changes it. */
  readonly healthcheck: Healthcheck;
  readonly labels: Readonly<Record<string, string>>;
}

/** `labels` are the API's, creation token included. */
export interface ElasticIpOutputs extends ElasticIpInputs {
  readonly ip: string;
}

export const elasticIps: Collection<ElasticIp> = {
  kind: "elastic IP",
  path: "/elastic-ip",
  field: "elastic-ips",
  id: (each) => each.id,
  name: (each) => each.description,
  hasToken: (each, token) => each.labels?.[tokenLabel] === token,
};

export const elasticIp: ResourceProvider<ElasticIpInputs, ElasticIpOutputs> = {
  diff(_id, olds, news) {
    const isClaimedAnew = changed(olds, news, ["token"]).length > 0;
    const updates = changed(olds, { ...news, labels: labelsOf(news) }, ["api", "name", "labels"]);
    return {
      changes: isClaimedAnew || updates.length > 0,
      replaces: [],
      // Masters hold it, and certificates and kubeconfigs name it.
      ...(isClaimedAnew && { notice: keptNotice("elastic IP", olds.name) }),
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const { name, token } = inputs;
    const id = await findOrCreate(client, { among: elasticIps, name, token }, () =>
      client.post("/elastic-ip", { ...wanted(inputs), healthcheck: toApi(inputs.healthcheck) }),
    );
    return { id, outs: outputs(inputs, await client.get(`/elastic-ip/${id}`)) };
  },

  async read(id, olds) {
    const actual = await orGone(connect(olds.api).get<ElasticIp>(`/elastic-ip/${id}`));
    if (!actual) return undefined;
    const outs = outputs(olds, actual);
    const { ip: _ip, ...inputs } = outs;
    const { [tokenLabel]: _token, ...labels } = outs.labels;
    return { outs, inputs: { ...inputs, labels } };
  },

  async update(id, _olds, news) {
    const client = connect(news.api);
    await client.wait(await client.put(`/elastic-ip/${id}`, wanted(news)), {
      what: `elastic IP ${news.name} to be changed`,
    });
    return outputs(news, await client.get(`/elastic-ip/${id}`));
  },

  address: ({ ip }) => ip,

  delete: (id, { api, name }) => remove(connect(api), `/elastic-ip/${id}`, `elastic IP ${name}`),
};

function labelsOf({ labels, token }: ElasticIpInputs): Record<string, string> {
  return { ...labels, [tokenLabel]: token };
}

const wanted = (inputs: ElasticIpInputs): object => ({ description: inputs.name, labels: labelsOf(inputs) });

const outputs = ({ api, token, healthcheck }: ElasticIpInputs, actual: ElasticIp): ElasticIpOutputs => ({
  api,
  name: actual.description ?? "",
  token,
  healthcheck,
  labels: actual.labels ?? {},
  ip: actual.ip,
});
