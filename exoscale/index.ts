/**
 * Exoscale's resources for Pulumi. The classes say what there is; what is done with it stands in one file per kind and
 * runs in the process of Pulumi's dynamic provider.
 */
import * as pulumi from "@pulumi/pulumi";

import type { BootInputs } from "./boot.ts";
import type { ClaimInputs } from "./claim.ts";
import type { ClusterShapeInputs } from "./clusterShape.ts";
import type { ElasticIpInputs } from "./elasticIp.ts";
import type { GroupInputs } from "./group.ts";
import { addressOf, idOf, keyMark } from "./identity.ts";
import type { InstanceInputs } from "./instance.ts";
import { DynamicResource } from "./resource.ts";
import type { SecurityGroupRulesInputs } from "./securityGroupRules.ts";
import type { SshKeyInputs } from "./sshKey.ts";
import type { TemplateInputs } from "./template.ts";
import { encodeUserData } from "./userData.ts";

/** The inputs of a kind, each of them perhaps still to come. */
type Args<T> = { readonly [K in keyof T]: Deep<T[K]> };
type Deep<T> = pulumi.Input<T extends object ? { readonly [K in keyof T]: Deep<T[K]> } : T>;

/** Exoscale's API and zone, as every resource takes them. */
export type ApiArgs = Deep<TemplateInputs["api"]>;
export type TemplateArgs = Args<TemplateInputs>;
export type SshKeyArgs = Args<SshKeyInputs>;
export type GroupArgs = Args<GroupInputs>;
export type SecurityGroupRulesArgs = Args<SecurityGroupRulesInputs>;
export type ElasticIpArgs = Args<ElasticIpInputs>;
export type InstanceArgs = Args<InstanceInputs>;
export type ClusterShapeArgs = Args<ClusterShapeInputs>;
/** What else a resource is made with is of no account. */
type ClaimArgs = Args<Omit<ClaimInputs, "of" | "uses">> & { readonly of: ClaimInputs["of"]; readonly uses?: pulumi.Input<string[]> };
/** `userData` here is the cloud-config's text. */
export type BootArgs = Args<BootInputs>;

/** An image that Exoscale fetches and instances are made from. */
export class Template extends DynamicResource {
  constructor(name: string, args: TemplateArgs, opts?: pulumi.CustomResourceOptions) {
    super("template", "Template", name, args, claimed(name, { of: "template", ...args, mark: args.token }, opts));
  }
}

/** A public key under a name. */
export class SshKey extends DynamicResource {
  constructor(name: string, args: SshKeyArgs, opts?: pulumi.CustomResourceOptions) {
    const mark = pulumi.all([args.name, args.publicKey]).apply(([keyName, publicKey]) => keyMark(keyName, publicKey));
    super("sshKey", "SshKey", name, args, claimed(name, { of: "sshKey", ...args, mark }, opts));
  }
}

/** Instances that run on different hosts, at most eight. */
export class AntiAffinityGroup extends DynamicResource {
  constructor(name: string, args: GroupArgs, opts?: pulumi.CustomResourceOptions) {
    super("antiAffinityGroup", "AntiAffinityGroup", name, args, claimed(name, { of: "antiAffinityGroup", ...args, mark: args.token }, opts));
  }
}

/** Instances that share rules. */
export class SecurityGroup extends DynamicResource {
  constructor(name: string, args: GroupArgs, opts?: pulumi.CustomResourceOptions) {
    super("securityGroup", "SecurityGroup", name, args, claimed(name, { of: "securityGroup", ...args, mark: args.token }, opts));
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
    super("elasticIp", "ElasticIp", name, args, claimed(name, { of: "elasticIp", ...args, mark: args.token }, opts), ["ip"]);
    this.ip = fixed(this.id, this.ip);
  }
}

/** A machine with an address, not yet told what to run. Its id is `UUID/ADDRESS`. */
export class Instance extends DynamicResource {
  declare readonly publicIp: pulumi.Output<string>;

  constructor(name: string, { elasticIps, ...args }: InstanceArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, elasticIps: pulumi.output(elasticIps).apply((identities) => identities.map(idOf)) };
    const uses = pulumi.all([args.securityGroups, args.antiAffinityGroups, inputs.elasticIps]).apply((ids) => ids.flat());
    const claim = claimed(name, { of: "instance", ...args, mark: args.token, uses }, opts);
    // Also where a replacement is asked for by hand: found by its token, the old one would be taken for the new.
    super("instance", "Instance", name, inputs, pulumi.mergeOptions({ deleteBeforeReplace: true }, claim), ["publicIp"]);
    this.publicIp = fixed(this.id, this.publicIp);
  }
}

/** That an instance runs, with which user-data, and what it is made of. */
export class Boot extends DynamicResource {
  constructor(name: string, { instance, userData, ssh, ...args }: BootArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = {
      ...args,
      instance: pulumi.output(instance).apply(idOf),
      // Compressed here, so that the state holds it once and small.
      userData: pulumi.secret(pulumi.output(userData).apply(encodeUserData)),
      ssh: pulumi.output(ssh).apply((target) => ({ ...target, privateKey: pulumi.secret(target.privateKey) })),
    };
    super("boot", "Boot", name, inputs, opts);
  }
}

/** Refuses changes that a living cluster cannot follow. Everything depends on it by its `zone`. */
export class ClusterShape extends DynamicResource {
  declare readonly zone: pulumi.Output<string>;

  constructor(name: string, args: ClusterShapeArgs, opts?: pulumi.CustomResourceOptions) {
    super("clusterShape", "ClusterShape", name, args, opts);
  }
}

/** Remembers what may have been made: see `claim.ts`. */
class Claim extends DynamicResource {
  constructor(name: string, { api, of, name: thing, mark, uses = [] }: ClaimArgs, opts: pulumi.CustomResourceOptions) {
    super("claim", "Claim", name, { api, of, name: thing, mark, uses }, opts);
  }
}

/** Claims what a resource is going to make; its options are then to be these. */
function claimed(name: string, args: ClaimArgs, opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
  const { parent, dependsOn, retainOnDelete } = opts;
  // A name of its own among claims: several kinds of things share one.
  const claim = new Claim(`${name}-${args.of}`, args, { parent, dependsOn, retainOnDelete });
  return pulumi.mergeOptions(opts, { dependsOn: claim });
}

/** An address as the id has it, which is known in every preview; else as the output has it. */
function fixed(id: pulumi.Output<string>, output: pulumi.Output<string>): pulumi.Output<string> {
  return id.apply((identity) => pulumi.output(addressOf(identity) ?? output));
}
