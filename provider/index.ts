/**
 * Pulumi's resource classes. What creates, changes and deletes a resource is its resource provider in `exoscale/` or
 * `node/rollout/`, which runs in the process of Pulumi's dynamic provider.
 */
import * as pulumi from "@pulumi/pulumi";

import type { BootInputs } from "../node/rollout/boot.ts";
import type { ClaimInputs } from "../exoscale/claim.ts";
import type { ClusterKey } from "../node/rollout/cluster-keys.ts";
import type { ClusterOriginInputs, ClusterOriginOutputs } from "../node/rollout/cluster-origin.ts";
import type { ClusterShapeInputs } from "../node/rollout/cluster-shape.ts";
import type { ElasticIpHealthcheckInputs } from "../exoscale/elastic-ip-healthcheck.ts";
import type { ElasticIpInputs } from "../exoscale/elastic-ip.ts";
import type { GroupInputs } from "../exoscale/group.ts";
import { addressOf, idOf, keyToken } from "../exoscale/identity.ts";
import type { InstanceInputs } from "../exoscale/instance.ts";
import type { PodSecurityInputs, PodSecurityOutputs } from "../node/rollout/pod-security.ts";
import type { SecretsKeyInputs } from "../node/rollout/secrets-key.ts";
import type { Replacement } from "../node/rollout/steps.ts";
import { DynamicResource } from "./dynamic-resource.ts";
import type { SecurityGroupRulesInputs } from "../exoscale/security-group-rules.ts";
import type { SshKeyInputs } from "../exoscale/ssh-key.ts";
import type { TemplateInputs } from "../exoscale/template.ts";
import type { SshTarget } from "../node/remote/ssh.ts";
import { encodeUserData } from "../exoscale/user-data.ts";

/** The inputs of a resource, each of them perhaps an output of another. */
type Args<T> = { readonly [K in keyof T]: Deep<T[K]> };
type Deep<T> = pulumi.Input<T extends object ? { readonly [K in keyof T]: Deep<T[K]> } : T>;

/** Exoscale's API and zone, an argument of every resource. */
export type ApiArgs = Deep<TemplateInputs["api"]>;
export type TemplateArgs = Args<Omit<TemplateInputs, "token">>;
export type SshKeyArgs = Args<SshKeyInputs>;
export type GroupArgs = Args<Omit<GroupInputs, "token">>;
export type SecurityGroupRulesArgs = Args<SecurityGroupRulesInputs>;
export type ElasticIpArgs = Args<Omit<ElasticIpInputs, "token">>;
export type ElasticIpHealthcheckArgs = Args<ElasticIpHealthcheckInputs>;
export type InstanceArgs = Args<Omit<InstanceInputs, "token">>;
export type ClusterShapeArgs = Args<ClusterShapeInputs>;
export type ClusterOriginArgs = Args<ClusterOriginInputs>;
export type ClusterKeyArgs = { readonly [K in keyof ClusterKey]: pulumi.Input<ClusterKey[K]> };
export type ClusterKeysArgs = Readonly<Record<Replacement, number>> & {
  /** By name. */
  readonly keys: Readonly<Record<string, ClusterKeyArgs>>;
};
export type SecretsKeyArgs = Args<Omit<SecretsKeyInputs, "masters">> & { readonly masters: SshTargetArgs };
export type PodSecurityArgs = Args<Omit<PodSecurityInputs, "masters">> & { readonly masters: SshTargetArgs };
type SshTargetArgs = { readonly [K in keyof SshTarget]: pulumi.Input<SshTarget[K]> };
type ClaimArgs = Args<Omit<ClaimInputs, "of" | "uses">> & {
  readonly of: ClaimInputs["of"];
  readonly uses?: pulumi.Input<string[]>;
};
/** `userData` is the cloud-config's text. */
export type BootArgs = Args<Omit<BootInputs, "ssh">> & { readonly ssh: SshTargetArgs };

/**
 * A disk image for instances, which Exoscale downloads. Its name is `name` and its creation token, so that a new image can
 * exist beside the one that it replaces.
 */
export class Template extends DynamicResource {
  /** What it is made of. A template that is registered again has another id and the same image. */
  readonly image: pulumi.Output<string>;

  constructor(name: string, { api, name: prefix, ...image }: TemplateArgs, opts?: pulumi.CustomResourceOptions) {
    const { token, options } = claimed(name, { of: "template", api, name: prefix, keepers: image }, opts);
    super(
      "template",
      "Template",
      name,
      { api, name: pulumi.interpolate`${prefix}-${token}`, ...image, token },
      options,
    );
    this.image = pulumi.interpolate`${image.url} ${image.checksum} ${image.bootMode} ${image.defaultUser}`;
  }
}

/** A public SSH key. */
export class SshKey extends DynamicResource {
  constructor(name: string, args: SshKeyArgs, opts?: pulumi.CustomResourceOptions) {
    const mark = pulumi.all([args.name, args.publicKey]).apply(([keyName, publicKey]) => keyToken(keyName, publicKey));
    const { api, name: thing } = args;
    const { options } = claimed(name, { of: "sshKey", api, name: thing, mark }, opts);
    super("sshKey", "SshKey", name, args, replacedAnew(options));
  }
}

/** Up to eight instances that run on different hosts. */
export class AntiAffinityGroup extends DynamicResource {
  constructor(name: string, args: GroupArgs, opts?: pulumi.CustomResourceOptions) {
    const { token, options } = claimed(name, { of: "antiAffinityGroup", ...args }, opts);
    super("antiAffinityGroup", "AntiAffinityGroup", name, { ...args, token }, options);
  }
}

/** Instances that share rules. */
export class SecurityGroup extends DynamicResource {
  constructor(name: string, args: GroupArgs, opts?: pulumi.CustomResourceOptions) {
    const { token, options } = claimed(name, { of: "securityGroup", ...args }, opts);
    super("securityGroup", "SecurityGroup", name, { ...args, token }, options);
  }
}

/** All rules of one security group. */
export class SecurityGroupRules extends DynamicResource {
  constructor(name: string, args: SecurityGroupRulesArgs, opts?: pulumi.CustomResourceOptions) {
    super("securityGroupRules", "SecurityGroupRules", name, args, opts);
  }
}

/** A managed address. Its id is `UUID/ADDRESS`. */
export class ElasticIp extends DynamicResource {
  declare readonly ip: pulumi.Output<string>;

  constructor(name: string, args: ElasticIpArgs, opts?: pulumi.CustomResourceOptions) {
    const { token, options } = claimed(name, { of: "elasticIp", api: args.api, name: args.name }, opts);
    super("elasticIp", "ElasticIp", name, { ...args, token }, options, ["ip"]);
    this.ip = fixed(this.id, this.ip);
  }
}

/** The health check that an elastic IP goes by: see `elastic-ip-healthcheck.ts`. */
export class ElasticIpHealthcheck extends DynamicResource {
  constructor(name: string, { elasticIp, ...args }: ElasticIpHealthcheckArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, elasticIp: pulumi.output(elasticIp).apply(idOf) };
    super("elasticIpHealthcheck", "ElasticIpHealthcheck", name, inputs, opts);
  }
}

/** An instance with an address and an empty cloud-config. Its id is `UUID/ADDRESS`. */
export class Instance extends DynamicResource {
  declare readonly publicIp: pulumi.Output<string>;

  constructor(name: string, { elasticIps, ...args }: InstanceArgs, opts?: pulumi.CustomResourceOptions) {
    const addresses = pulumi.output(elasticIps).apply((identities) => identities.map(idOf));
    const uses = pulumi.all([args.securityGroups, args.antiAffinityGroups, addresses]).apply((ids) => ids.flat());
    const { token, options } = claimed(name, { of: "instance", api: args.api, name: args.name, uses }, opts);
    const inputs = { ...args, elasticIps: addresses, token };
    super("instance", "Instance", name, inputs, replacedAnew(options), ["publicIp"]);
    this.publicIp = fixed(this.id, this.publicIp);
  }
}

/** Keeps an instance running with the wanted user-data, type, disk and template. */
export class Boot extends DynamicResource {
  constructor(
    name: string,
    { instance, userData, ssh, kubernetes, ...args }: BootArgs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    const inputs = {
      ...args,
      instance: pulumi.output(instance).apply(idOf),
      // Compressed here, so that the state holds it once and small.
      userData: pulumi.secret(pulumi.output(userData).apply(encodeUserData)),
      ssh: secretTarget(ssh),
      ...(kubernetes && {
        kubernetes: pulumi
          .output(kubernetes)
          .apply((access) => access && { ...access, key: pulumi.secret(access.key) }),
      }),
    };
    super("boot", "Boot", name, inputs, opts);
  }
}

/** Refuses changes that a living cluster cannot take. Everything depends on it through its `zone`. */
export class ClusterShape extends DynamicResource {
  declare readonly zone: pulumi.Output<string>;

  constructor(name: string, args: ClusterShapeArgs, opts?: pulumi.CustomResourceOptions) {
    super("clusterShape", "ClusterShape", name, args, replacedAnew(opts));
  }
}

/** Remembers which key encrypted Secrets when the cluster began: see `cluster-origin.ts`. */
export class ClusterOrigin extends DynamicResource {
  declare readonly secretsKey: pulumi.Output<ClusterOriginOutputs["secretsKey"]>;

  constructor(name: string, args: ClusterOriginArgs, opts?: pulumi.CustomResourceOptions) {
    super("clusterOrigin", "ClusterOrigin", name, args, replacedAnew(opts), ["secretsKey"]);
  }
}

/** Refuses another key in the place of one that is in use: see `cluster-keys.ts`. */
export class ClusterKeys extends DynamicResource {
  constructor(name: string, { keys, ...steps }: ClusterKeysArgs, opts?: pulumi.CustomResourceOptions) {
    super("clusterKeys", "ClusterKeys", name, { ...steps, ...keys }, opts);
  }
}

/** Has every Secret written with the key that writes now: see `secrets-key.ts`. */
export class SecretsKey extends DynamicResource {
  constructor(name: string, { masters, ...args }: SecretsKeyArgs, opts?: pulumi.CustomResourceOptions) {
    super("secretsKey", "SecretsKey", name, { ...args, masters: secretTarget(masters) }, opts);
  }
}

/** Decides which level of Pod Security is enforced: see `pod-security.ts`. */
export class PodSecurity extends DynamicResource {
  declare readonly level: pulumi.Output<PodSecurityOutputs["level"]>;

  constructor(name: string, { masters, ...args }: PodSecurityArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, masters: secretTarget(masters) };
    super("podSecurity", "PodSecurity", name, inputs, replacedAnew(opts), ["level"]);
  }
}

/** Keeps a creation token in the state: see `exoscale/claim.ts`. */
class Claim extends DynamicResource {
  constructor(name: string, args: ClaimArgs, opts: pulumi.CustomResourceOptions) {
    super("claim", "Claim", name, { uses: [], ...args }, opts);
  }
}

/** Each part by itself, so that what is not known yet is no more than it has to be. */
function secretTarget(target: SshTargetArgs): pulumi.Inputs {
  return { ...target, privateKey: pulumi.secret(target.privateKey) };
}

/** Claims a resource before its creation. @returns its creation token, and the options for it */
function claimed(name: string, args: ClaimArgs, opts: pulumi.CustomResourceOptions = {}) {
  const { parent, dependsOn, retainOnDelete } = opts;
  // With its type: resources of several types share one name.
  const claim = new Claim(`${name}-${args.of}`, args, { parent, dependsOn, retainOnDelete });
  return { token: claim.id, options: pulumi.mergeOptions(opts, { dependsOn: claim }) };
}

/** For `--replace`, where name and token stay: the old one would be found by them and taken for the new one. */
function replacedAnew(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
  return pulumi.mergeOptions({ deleteBeforeReplace: true }, opts);
}

/** The address in the id, which every preview knows, or else the output. */
function fixed(id: pulumi.Output<string>, output: pulumi.Output<string>): pulumi.Output<string> {
  return id.apply((identity) => pulumi.output(addressOf(identity) ?? output));
}
