import * as pulumi from "@pulumi/pulumi";
import { SecurityGroup, SecurityGroupRules, type ApiArgs } from "../provider/index.ts";
import { openings, type Group, type Opening, type Source } from "../ports.ts";

/** What each source in ports.ts stands for: a group's id, or IPv4 networks. */
export type Sources = Record<Group, pulumi.Input<string>> & Record<Exclude<Source, Group>, readonly string[]>;

/** One ingress rule as `SecurityGroupRules` takes it. */
export interface IngressRule {
  direction: "ingress";
  protocol: "tcp" | "udp";
  startPort: number;
  endPort: number;
  /** IPv4 network that may connect; else `securityGroup`. */
  network?: string;
  /** Id of the group that may connect. */
  securityGroup?: pulumi.Input<string>;
  description: string;
}

/** The rules of one group: one for each opening to a group, one per network for each opening to a list of networks. */
export function rulesFor(group: Group, openings: readonly Opening[], sources: Sources): IngressRule[] {
  return openings
    .filter(({ on }) => on === group)
    .flatMap((opening): IngressRule[] => {
      const rule = {
        direction: "ingress" as const,
        protocol: opening.protocol,
        startPort: opening.first,
        endPort: opening.last,
        description: `${opening.listener}: ${opening.why}`,
      };
      const { from } = opening;
      if (from === "masters" || from === "workers") return [{ ...rule, securityGroup: sources[from] }];
      return sources[from].map((network) => ({ ...rule, network }));
    });
}

export interface SecurityGroupsArgs {
  /** Exoscale's API and zone. */
  api: ApiArgs;
  /** IPv4 networks that may reach the nodes' SSH. The machine that runs Pulumi must be among them. */
  sshSources: readonly string[];
  /** IPv4 networks that may reach the Kubernetes API. */
  apiSources: readonly string[];
  /** IPv4 networks that may reach node ports of the workers. */
  nodePortSources: readonly string[];
}

/** One security group for masters, one for workers. They let in what ports.ts lists and nothing else. */
export class SecurityGroups extends pulumi.ComponentResource {
  /** Id of the masters' group, known once its rules are in place: no instance starts without them. */
  readonly masters: pulumi.Output<string>;
  /** Id of the workers' group, known once its rules are in place. */
  readonly workers: pulumi.Output<string>;

  /** @param name the cluster's name */
  constructor(
    name: string,
    { api, sshSources, apiSources, nodePortSources }: SecurityGroupsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("kubernetes-on-exoscale:SecurityGroups", name, {}, opts);

    const group = (role: Group) =>
      new SecurityGroup(`${name}-${role}`, { api, name: `${name}-${role}` }, { parent: this });
    const masters = group("masters");
    const workers = group("workers");
    const sources: Sources = {
      masters: masters.id,
      workers: workers.id,
      sshSources,
      apiSources,
      nodePortSources,
      anywhere: ["0.0.0.0/0"],
    };

    const withRules = (role: Group, { id }: SecurityGroup): pulumi.Output<string> => {
      const rules = new SecurityGroupRules(
        `${name}-${role}`,
        { api, securityGroup: id, rules: rulesFor(role, openings, sources) },
        { parent: this },
      );
      return pulumi.all([id, rules.id]).apply(([id]) => id);
    };
    this.masters = withRules("masters", masters);
    this.workers = withRules("workers", workers);
    this.registerOutputs();
  }
}
