import { Refused } from "../../exoscale/errors.ts";
import type { InstanceInputs, InstanceOutputs } from "../../exoscale/instance.ts";
import type { ResourceProvider } from "../../exoscale/resource-provider.ts";

/** Masters that this run checks as new, by cluster and name: the engine may delete one of the same name for them. */
const created = new Set<string>();
/** The one master that this run replaces, by cluster. */
const replaced = new Map<string, string>();

const clusterOf = ({ api, labels: { cluster } }: InstanceInputs) => `${api.endpoint} ${cluster}`;
const masterOf = (inputs: InstanceInputs) => `${clusterOf(inputs)} ${inputs.name}`;

/** Notes the replacement. @returns why it is refused: this run already replaces another master of the cluster */
function refusal(inputs: InstanceInputs): string | undefined {
  const { name } = inputs;
  const first = replaced.get(clusterOf(inputs)) ?? name;
  replaced.set(clusterOf(inputs), first);
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
      if (olds.token === undefined || olds.token === news.token) return failures;
      const reason = refusal(news);
      return reason === undefined ? failures : [...failures, { property: "token", reason }];
    },

    async delete(id, olds) {
      const reason = created.has(masterOf(olds)) ? refusal(olds) : undefined;
      if (reason !== undefined) throw new Refused(`${reason} ${olds.name} was not touched.`);
      await instances.delete(id, olds);
    },
  };
}
