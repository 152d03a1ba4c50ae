import * as pulumi from "@pulumi/pulumi";
import { ElasticIp, ElasticIpHealthcheck, type ApiArgs, type ElasticIpArgs } from "../provider/index.ts";
import { ports } from "../ports.ts";

export interface ApiEndpointArgs {
  /** Exoscale's API and zone. */
  api: ApiArgs;
}

/** Of masters: their apiservers' port may be closed to where it comes from, so they listen at another while the apiserver is ready. */
const healthcheck = {
  mode: "tcp",
  port: ports.apiHealth,
  // The shortest that Exoscale accepts. After an apiserver stops being ready it has to keep serving for longer than
  // interval x strikesFail, and the two seconds in which its master notices (--shutdown-delay-duration).
  interval: 5,
  timeout: 2,
  strikesOk: 1,
  strikesFail: 2,
} as const satisfies ElasticIpArgs["healthcheck"];

/** Where people and Pulumi reach the Kubernetes API: a managed elastic IP that leads to any master whose apiserver is ready. */
export class ApiEndpoint extends pulumi.ComponentResource {
  readonly elasticIp: ElasticIp;
  /** IPv4 address. */
  readonly address: pulumi.Output<string>;
  /** `https://ADDRESS:PORT` */
  readonly url: pulumi.Output<string>;

  readonly #name: string;
  readonly #api: ApiArgs;

  /** @param name the cluster's name */
  constructor(name: string, { api }: ApiEndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:ApiEndpoint", name, {}, opts);
    this.#name = name;
    this.#api = api;
    this.elasticIp = new ElasticIp(
      `${name}-api`,
      { api, name: `${name}-api`, healthcheck, labels: { cluster: name } },
      { parent: this },
    );
    this.address = this.elasticIp.ip;
    this.url = pulumi.interpolate`https://${this.address}:${ports.apiserver}`;
    this.registerOutputs();
  }

  /** Has the elastic IP ask as masters of this release answer. @param masters what says that all of them are of it */
  follow(masters: pulumi.Resource[]): pulumi.Resource {
    return new ElasticIpHealthcheck(
      `${this.#name}-api`,
      { api: this.#api, elasticIp: this.elasticIp.id, name: `${this.#name}-api`, healthcheck },
      { parent: this, dependsOn: masters },
    );
  }
}
