import type { Api } from "../../exoscale/api.ts";
import { connect } from "../../exoscale/client.ts";
import { Refused } from "../../exoscale/errors.ts";
import type { ResourceProvider } from "../../exoscale/resource-provider.ts";
import { isStricter, type PodSecurityLevel } from "../../pod-security.ts";
import type { SshTarget } from "../remote/ssh.ts";
import { visible } from "../remote/words.ts";
import { hasBootedMaster } from "./cluster-origin.ts";
import { onMaster } from "./on-master.ts";

export interface PodSecurityInputs {
  readonly api: Api;
  /** Label `cluster` of its instances. */
  readonly cluster: string;
  /** The setting `podSecurity`. @default what is enforced stays */
  readonly wanted?: PodSecurityLevel | undefined;
  /** With `instances` no node is asked over SSH. */
  readonly waitFor: "cluster" | "instances";
  /** An address that leads to a healthy master. */
  readonly masters: SshTarget;
}

export interface PodSecurityOutputs extends Pick<PodSecurityInputs, "cluster" | "wanted"> {
  /** What is enforced in namespaces that say nothing themselves. */
  readonly level: PodSecurityLevel;
}

/**
 * Which level is enforced. A new cluster begins with `baseline`. One of a release before may run pods that this refuses, and
 * they would not come back from the reboot that brings it: it goes on with `privileged` until its owner says otherwise, and
 * then the API is first asked whom that would refuse.
 */
export const podSecurity: ResourceProvider<PodSecurityInputs, PodSecurityOutputs> = {
  check(olds, { wanted, waitFor }) {
    const isSame = olds.cluster === undefined || wanted === undefined || wanted === olds.wanted;
    if (waitFor === "cluster" || isSame || wanted === "privileged") return [];
    return [
      {
        property: "waitFor",
        reason: `With podSecurity ${wanted} a master has to be asked first whom that refuses: \`pulumi config set waitFor cluster\`.`,
      },
    ];
  },
  diff: (_id, { level }, { wanted }) => ({ changes: wanted !== undefined && wanted !== level }),
  async create(inputs) {
    const { api, cluster, wanted } = inputs;
    const isRunning = await hasBootedMaster(connect(api), cluster);
    const level = wanted ?? (isRunning ? "privileged" : "baseline");
    if (isRunning && inputs.waitFor === "cluster" && isStricter(level, "privileged")) await refuseNobody(inputs, level);
    return { id: cluster, outs: { cluster, wanted, level } };
  },
  read: async (_id, olds) => ({ outs: olds }),
  async update(_id, { level: former }, news) {
    const { cluster, wanted } = news;
    const level = wanted ?? former;
    if (isStricter(level, former)) await refuseNobody(news, level);
    return { cluster, wanted, level };
  },
  delete: async () => {},
};

/** @throws Refused that names the pods which the level would refuse */
async function refuseNobody({ masters }: PodSecurityInputs, level: PodSecurityLevel): Promise<void> {
  const { code, output } = await onMaster(masters, "pod-security", level);
  if (code !== 0) {
    throw new Refused(`podSecurity ${level} was not applied: no master says whom it refuses: ${visible(output)}`);
  }
  if (output.trim() === "") return;
  const lines = output.trim().split("\n").map(visible);
  throw new Refused(
    `podSecurity ${level} was not applied, and no node was touched: these pods would not come back once they end.\n` +
      `${lines.map((line) => `  ${line}`).join("\n")}\n` +
      "For each of these namespaces type `bin/kubectl label namespace NAME pod-security.kubernetes.io/enforce=privileged`, " +
      "or choose another level: `pulumi config set podSecurity privileged`.",
  );
}
