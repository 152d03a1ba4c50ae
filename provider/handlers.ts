import { antiAffinityGroup } from "../exoscale/anti-affinity-group.ts";
import { boot } from "../node/rollout/boot.ts";
import { claim } from "../exoscale/claim.ts";
import { clusterKeys } from "../node/rollout/cluster-keys.ts";
import { clusterOrigin } from "../node/rollout/cluster-origin.ts";
import { clusterShape } from "../node/rollout/cluster-shape.ts";
import { oneMasterClaimPerRun, oneMasterPerRun } from "../node/rollout/master-replacement.ts";
import { elasticIpHealthcheck } from "../exoscale/elastic-ip-healthcheck.ts";
import { elasticIp } from "../exoscale/elastic-ip.ts";
import { ApiError, Incomplete, isGone, messageOf, Refused } from "../exoscale/errors.ts";
import { idOf, withAddress } from "../exoscale/identity.ts";
import { instance } from "../exoscale/instance.ts";
import type { Diff, Failure, ResourceProvider } from "../exoscale/resource-provider.ts";
import { Run } from "./run.ts";
import { podSecurity } from "../node/rollout/pod-security.ts";
import { secretsKey } from "../node/rollout/secrets-key.ts";
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
  template: methods(template, ({ name }) => ({ refused: anew("template", name) })),
  sshKey: methods(sshKey),
  antiAffinityGroup: methods(antiAffinityGroup, ({ name }) => ({ refused: inUse("Anti-affinity group", name) })),
  securityGroup: methods(securityGroup, ({ name }) => ({ refused: inUse("Security group", name) })),
  securityGroupRules: methods(securityGroupRules),
  elasticIp: methods(elasticIp, ({ name }) => ({ refused: inUse("Elastic IP", name) })),
  elasticIpHealthcheck: methods(elasticIpHealthcheck),
  instance: methods(oneMasterPerRun(instance)),
  boot: methods(boot),
  clusterShape: methods(clusterShape, () => ({ refusedBefore: remembers("ClusterShape") })),
  clusterOrigin: methods(clusterOrigin, () => ({ refusedBefore: remembers("ClusterOrigin") })),
  clusterKeys: methods(clusterKeys),
  secretsKey: methods(secretsKey),
  podSecurity: methods(podSecurity, () => ({ refusedBefore: remembers("PodSecurity") })),
  claim: methods(oneMasterClaimPerRun(claim)),
} as const satisfies Record<string, Methods>;

export type ProviderName = keyof typeof providers;

/** Why `--replace` of the resource itself is refused: after the new one was found, or before it is created. @default it is not */
interface Refusals {
  readonly refused?: string;
  readonly refusedBefore?: string;
}

function inUse(kind: string, name: string): string {
  return `${kind} ${name} was not touched: it is in use as long as the cluster lives, and cannot be replaced. A \`pulumi up\` without --replace goes on.`;
}

function anew(kind: string, name: string): string {
  return `The ${kind} ${name} was not touched: to import it anew, replace its claim, \`pulumi up --replace '**:Claim::*-${kind}'\`.`;
}

function remembers(type: string): string {
  return `${type} was not touched: it remembers what the cluster began with, and cannot be replaced. A \`pulumi up\` without --replace goes on.`;
}

/** Translates between Pulumi's dynamic provider (`__provider`, no undefined, its way of reporting errors) and a resource provider. */
function methods<Inputs extends object, Outputs extends object>(
  provider: ResourceProvider<Inputs, Outputs>,
  refusals: (olds: Outputs) => Refusals = () => ({}),
): Methods {
  const run = new Run();
  const inputs = (properties: Properties) => own(properties) as Inputs;
  const outputs = (properties: Properties) => own(properties) as Outputs;
  return {
    check: async (olds, news) => {
      run.checked(own(olds), own(news));
      return { inputs: own(news), failures: provider.check?.(inputs(olds), inputs(news)) ?? [] };
    },
    diff: async (id, olds, news) => {
      const { notice, ...diff } = await reportable(run, news, async () =>
        provider.diff(idOf(id), outputs(olds), inputs(news)),
      );
      const isReplaced = (diff.replaces ?? []).length > 0;
      // Pulumi shows the process's output among its diagnostics. Only what the program asks for will happen.
      if (run.diffed(idOf(id), own(news), isReplaced) && notice) console.log(notice);
      return diff;
    },
    create: (news) =>
      reportable(run, news, async () => {
        const { id, outs } = await provider.create(inputs(news));
        run.created(id, own(news));
        return { id: withAddress(id, provider.address?.(outs)), outs: plain(outs) };
      }),
    read: (id, props) =>
      reportable(run, props, async () => {
        const found = await provider.read(idOf(id), outputs(props));
        if (!found) return { id: "", props: {} };
        return {
          id: withAddress(idOf(id), provider.address?.(found.outs)),
          props: plain(found.outs),
          ...(found.inputs && { inputs: plain(found.inputs) }),
        };
      }),
    update: (id, olds, news) =>
      reportable(run, news, async () => {
        try {
          return { outs: plain(await provider.update(idOf(id), outputs(olds), inputs(news))) };
        } catch (error) {
          if (!isGone(error)) throw error;
          throw new Refused(
            `It is gone (${messageOf(error)}). Run the same command with --refresh to create it again.`,
          );
        }
      }),
    delete: (id, props) =>
      reportable(run, props, async () => {
        const { refused, refusedBefore } = refusals(outputs(props));
        if (refusedBefore !== undefined && run.isReplacing) throw new Refused(refusedBefore);
        if (refused !== undefined && run.hasCreated(idOf(id))) throw new Refused(refused);
        if (run.hasCreated(idOf(id)) || run.keeps(idOf(id))) return;
        await provider.delete(idOf(id), outputs(props));
      }),
  };
}

function own({ __provider: _provider, ...properties }: Properties): Properties {
  return properties;
}

/** Without undefined, which Pulumi's protocol cannot carry. */
function plain(value: object): Properties {
  return JSON.parse(JSON.stringify(value)) as Properties;
}

/** Who said what first in this process, which is one run's. Resources of several types share one name. */
const said = new Map<string, { readonly name: string; readonly run: Run }>();

/**
 * The message of an error, in short if another resource has given it: what is wrong with the credentials, with the way to
 * the API or with a setting would else be said in full by every resource.
 */
function saidOnce(error: Error, name: string, run: Run): string {
  const isGeneral =
    error instanceof Refused || (error instanceof ApiError && [undefined, 401, 403].includes(error.status));
  if (!isGeneral) return error.message;
  const reason = error instanceof ApiError ? `${error.status ?? "no answer"}: ${error.reason}` : error.message;
  const first = said.get(reason) ?? { name, run };
  said.set(reason, first);
  const isFirst = first.name === name && first.run === run;
  return isFirst ? error.message : `As ${first.name}: ${reason.split(/[.;] /)[0]}`;
}

/** Gives errors the form in which Pulumi stores and shows them. */
async function reportable<T>(run: Run, properties: Properties, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    error.message = saidOnce(error, typeof properties.name === "string" ? properties.name : "another resource", run);
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
