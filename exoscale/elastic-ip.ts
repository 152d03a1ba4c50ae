import type { Api, ElasticIp } from "./api.ts";
import { remove } from "./busy.ts";
import { connect } from "./client.ts";
import { findOrCreate, keptNotice, tokenLabel, type Collection } from "./find.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";

/** Decides which instances get the address's traffic. */
export interface Healthcheck {
  readonly mode: "tcp" | "http" | "https";
  readonly port: number;
  /** Path, for http and https. */
  readonly uri?: string;
  /** Seconds, 5 to 300. */
  readonly interval: number;
  /** Seconds, 2 to 60. */
  readonly timeout: number;
  /** Successful checks in a row until an instance counts as healthy. */
  readonly strikesOk: number;
  /** Failed checks in a row until it counts as unhealthy. */
  readonly strikesFail: number;
  /** Accept any certificate. @default false */
  readonly tlsSkipVerify?: boolean;
}

/** A managed address. Its traffic goes to those of its instances that are healthy. */
export interface ElasticIpInputs {
  readonly api: Api;
  /** The description in the API. */
  readonly name: string;
  readonly token: string;
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
    const updates = changed(olds, { ...news, labels: labelsOf(news) }, ["api", "name", "healthcheck", "labels"]);
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
      client.post("/elastic-ip", wanted(inputs)),
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

function wanted(inputs: ElasticIpInputs): object {
  const {
    healthcheck: { mode, port, uri, interval, timeout, strikesOk, strikesFail, tlsSkipVerify },
  } = inputs;
  return {
    description: inputs.name,
    labels: labelsOf(inputs),
    healthcheck: {
      mode,
      port,
      uri,
      interval,
      timeout,
      "strikes-ok": strikesOk,
      "strikes-fail": strikesFail,
      "tls-skip-verify": tlsSkipVerify,
    },
  };
}

function outputs(inputs: ElasticIpInputs, actual: ElasticIp): ElasticIpOutputs {
  const check = actual.healthcheck;
  // Only what the inputs set is compared: the API may fill in the rest.
  const actualCheck: Partial<Record<keyof Healthcheck, unknown>> = check
    ? {
        mode: check.mode,
        port: check.port,
        uri: check.uri,
        interval: check.interval,
        timeout: check.timeout,
        strikesOk: check["strikes-ok"],
        strikesFail: check["strikes-fail"],
        tlsSkipVerify: check["tls-skip-verify"] ?? false,
      }
    : {};
  const set = Object.keys(inputs.healthcheck) as (keyof Healthcheck)[];
  return {
    api: inputs.api,
    name: actual.description ?? "",
    token: inputs.token,
    healthcheck: Object.fromEntries(set.map((key) => [key, actualCheck[key]])) as unknown as Healthcheck,
    labels: actual.labels ?? {},
    ip: actual.ip,
  };
}
