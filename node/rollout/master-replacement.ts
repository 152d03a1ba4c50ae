import type { Instance } from "../../exoscale/api.ts";
import type { ClaimInputs } from "../../exoscale/claim.ts";
import { connect, type Client } from "../../exoscale/client.ts";
import { Refused } from "../../exoscale/errors.ts";
import type { InstanceInputs, InstanceOutputs } from "../../exoscale/instance.ts";
import { isLeaving } from "../../exoscale/instance-actions.ts";
import { isUnknown, type ResourceProvider } from "../../exoscale/resource-provider.ts";

/** A master of a cluster. */
type Master = Pick<InstanceInputs, "api" | "name"> & {
  readonly labels?: Readonly<Record<string, string>>;
};

/** Masters that this run checks as new, by cluster and name: the engine may delete one of the same name for them. */
const created = new Set<string>();
/** The one master that this run replaces, by cluster. */
const replaced = new Map<string, string>();

const clusterOf = ({ api, labels }: Master) => `${api.endpoint} ${labels?.cluster}`;
const masterOf = (master: Master) => `${clusterOf(master)} ${master.name}`;

/** Notes the replacement. @returns why it is refused: this run already replaces another master of the cluster */
function refusal(master: Master): string | undefined {
  const { name } = master;
  const first = replaced.get(clusterOf(master)) ?? name;
  replaced.set(clusterOf(master), first);
  if (first === name) return undefined;
  return `${name} cannot be replaced together with ${first}: both etcds would lose their quorum. Replace one master, and the next once \`npm run status\` says that all is well.`;
}

/** Instances of which one run of Pulumi replaces at most one master per cluster. */
export function oneMasterPerRun(
  instances: ResourceProvider<InstanceInputs, InstanceOutputs>,
): ResourceProvider<InstanceInputs, InstanceOutputs> {
  return {
    ...instances,

    check(olds, news) {
      const failures = instances.check?.(olds, news) ?? [];
      if (news.labels.role !== "master") return failures;
      // For `--replace` the engine checks the new instance without the old one's inputs.
      if (olds.token === undefined) created.add(masterOf(news));
      // A preview of claims that are replaced. Otherwise they are replaced already, by a run that went no further.
      const reason = olds.token !== undefined && isUnknown(news.token) ? refusal(news) : undefined;
      return reason === undefined ? failures : [...failures, { property: "token", reason }];
    },

    diff(id, olds, news) {
      const diff = instances.diff(id, olds, news);
      if (news.labels.role !== "master" || olds.token === news.token || isUnknown(news.token)) return diff;
      const reason = refusal(news);
      return reason === undefined ? diff : { changes: true, replaces: [], notice: `${news.name} is kept: ${reason}` };
    },

    async update(id, olds, news) {
      // A master that is kept takes the token of its new claim.
      return { ...(await instances.update(id, olds, news)), token: news.token };
    },

    async delete(id, olds) {
      const reason = created.has(masterOf(olds)) ? refusal(olds) : undefined;
      if (reason !== undefined) throw new Refused(`${reason} ${olds.name} was not touched.`);
      await instances.delete(id, olds);
    },
  };
}

/** The masters that lived when this run made its first claim, of all clusters. */
const living = new WeakMap<Client, Promise<Instance[]>>();

function masters(client: Client): Promise<Instance[]> {
  const known = living.get(client) ?? list(client);
  living.set(client, known);
  return known;
}

async function list(client: Client): Promise<Instance[]> {
  const { instances = [] } = await client.get<{ instances?: Instance[] }>("/instance");
  return instances.filter((each) => each.labels?.role === "master" && !isLeaving(each));
}

/** Claims of which one run replaces at most one master's per cluster: each of them replaces its instance. */
export function oneMasterClaimPerRun(
  claims: ResourceProvider<ClaimInputs, ClaimInputs>,
): ResourceProvider<ClaimInputs, ClaimInputs> {
  return {
    ...claims,

    async create(inputs) {
      if (inputs.of === "instance") {
        const { api, name } = inputs;
        const master = (await masters(connect(api))).find((each) => each.name === name);
        const reason = master && refusal({ api, name, labels: master.labels });
        if (reason !== undefined) {
          throw new Refused(
            `${reason} ${name} was not touched. If it is another stack's, give this cluster another name.`,
          );
        }
      }
      return claims.create(inputs);
    },
  };
}
