import * as pulumi from "@pulumi/pulumi";
import { ElasticIp, type ApiArgs } from "../provider/index.ts";
import { ports } from "../ports.ts";

export interface ApiEndpointArgs {
  /** Exoscale's API and zone. */
  api: ApiArgs;
}

/** Where people and Pulumi reach the Kubernetes API: a managed elastic IP that leads to any master whose apiserver is ready. */
export class ApiEndpoint extends pulumi.ComponentResource {
  readonly elasticIp: ElasticIp;
  /** IPv4 address. */
  readonly address: pulumi.Output<string>;
  /** `https://ADDRESS:PORT` */
  readonly url: pulumi.Output<string>;

  /** @param name the cluster's name */
  constructor(name: string, { api }: ApiEndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kubernetes-on-exoscale:ApiEndpoint", name, {}, opts);
    this.elasticIp = new ElasticIp(
      `${name}-api`,
      {
        api,
        name: `${name}-api`,
        healthcheck: {
          mode: "https",
          port: ports.apiserver,
          uri: "/readyz",
          // The shortest that Exoscale accepts. After an apiserver stops being ready it has to keep serving for longer than
          // interval x strikesFail (--shutdown-delay-duration).
          interval: 5,
          timeout: 2,
          strikesOk: 1,
          strikesFail: 2,
          // The health check knows neither the cluster's CA nor a server name.
          tlsSkipVerify: true,
        },
        labels: { cluster: name },
      },
      { parent: this },
    );
    this.address = this.elasticIp.ip;
    this.url = pulumi.interpolate`https://${this.address}:${ports.apiserver}`;
    this.registerOutputs();
  }
}
