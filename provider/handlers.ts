import { antiAffinityGroup } from "../exoscale/anti-affinity-group.ts";
import { boot } from "../node/rollout/boot.ts";
import { claim } from "../exoscale/claim.ts";
import { clusterOrigin } from "../node/rollout/cluster-origin.ts";
import { clusterShape } from "../node/rollout/cluster-shape.ts";
import { oneMasterPerRun } from "../node/rollout/master-replacement.ts";
import { elasticIp } from "../exoscale/elastic-ip.ts";
import { Incomplete, isGone, messageOf, Refused } from "../exoscale/errors.ts";
import { idOf, withAddress } from "../exoscale/identity.ts";
import { instance } from "../exoscale/instance.ts";
import type { Diff, Failure, ResourceProvider } from "../exoscale/resource-provider.ts";
import { securityGroup } from "../exoscale/security-group.ts";
import { securityGroupRules } from "../exoscale/security-group-rules.ts";
import { sshKey } from "../exoscale/ssh-key.ts";
import { template } from "../exoscale/template.ts";

type Properties = Record<string, unknown>;

/** A resource provider as Pulumi's dynamic provider calls it. */
export interface Methods {
  check(olds: Properties, news: Properties): Promise<{ inputs: Properties; failures: Failure[] }>;
  diff(id: string, olds: Properties, news: Properties): Promise<Omit<Diff, "notice">>;
  create(inputs: Properties): Promise<{ id: string; outs: Properties }>;
  read(id: string, props: Properties): Promise<{ id: string; props: Properties; inputs?: Properties }>;
  update(id: string, olds: Properties, news: Properties): Promise<{ outs: Properties }>;
  delete(id: string, props: Properties): Promise<void>;
}

/** The resource providers by their names in `index.ts`. States have these names: after a rename, old resources could not be deleted. */
export const providers = {
  template: methods(template),
  sshKey: methods(sshKey),
  antiAffinityGroup: methods(antiAffinityGroup),
  securityGroup: methods(securityGroup),
  securityGroupRules: methods(securityGroupRules),
  elasticIp: methods(elasticIp),
  instance: methods(oneMasterPerRun(instance)),
  boot: methods(boot),
  clusterShape: methods(clusterShape),
  clusterOrigin: methods(clusterOrigin),
  claim: methods(claim),
} as const satisfies Record<string, Methods>;

export type ProviderName = keyof typeof providers;

/** Translates between Pulumi's dynamic provider (`__provider`, no undefined, its way of reporting errors) and a resource provider. */
function methods<Inputs extends object, Outputs extends object>(provider: ResourceProvider<Inputs, Outputs>): Methods {
  const inputs = (properties: Properties) => own(properties) as Inputs;
  const outputs = (properties: Properties) => own(properties) as Outputs;
  return {
    check: async (olds, news) => ({ inputs: own(news), failures: provider.check?.(inputs(olds), inputs(news)) ?? [] }),
    diff: async (id, olds, news) => {
      const { notice, ...diff } = provider.diff(idOf(id), outputs(olds), inputs(news));
      // Pulumi shows the process's output among its diagnostics.
      if (notice) console.log(notice);
      return diff;
    },
    create: (news) =>
      reportable(news, async () => {
        const { id, outs } = await provider.create(inputs(news));
        return { id: withAddress(id, provider.address?.(outs)), outs: plain(outs) };
      }),
    read: (id, props) =>
      reportable(props, async () => {
        const found = await provider.read(idOf(id), outputs(props));
        if (!found) return { id: "", props: {} };
        return {
          id: withAddress(idOf(id), provider.address?.(found.outs)),
          props: plain(found.outs),
          ...(found.inputs && { inputs: plain(found.inputs) }),
        };
      }),
    update: (id, olds, news) =>
      reportable(news, async () => {
        try {
          return { outs: plain(await provider.update(idOf(id), outputs(olds), inputs(news))) };
        } catch (error) {
          if (!isGone(error)) throw error;
          throw new Refused(
            `It is gone (${messageOf(error)}). Run the same command with --refresh to create it again.`,
          );
        }
      }),
    delete: (id, props) => reportable(props, () => provider.delete(idOf(id), outputs(props))),
  };
}

function own({ __provider: _provider, ...properties }: Properties): Properties {
  return properties;
}

/** Without undefined, which Pulumi's protocol cannot carry. */
function plain(value: object): Properties {
  return JSON.parse(JSON.stringify(value)) as Properties;
}

/** Gives errors the form in which Pulumi stores and shows them. */
async function reportable<T>(properties: Properties, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof Incomplete) {
      // The dynamic provider adds __provider to results, but not to errors; without it the next call has no code to run.
      const stored = plain(error.outs ?? own(properties));
      Object.assign(error, { properties: { ...stored, __provider: properties.__provider }, reasons: [error.message] });
    }
    // Pulumi prints the stack of errors in read and delete: it is of use for bugs only.
    if (!(error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError))
      error.stack = "";
    throw error;
  }
}
