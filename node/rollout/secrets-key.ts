import type { Api } from "../../exoscale/api.ts";
import { connect } from "../../exoscale/client.ts";
import { Refused } from "../../exoscale/errors.ts";
import type { ResourceProvider } from "../../exoscale/resource-provider.ts";
import type { SshTarget } from "../remote/ssh.ts";
import { visible } from "../remote/words.ts";
import { hasBootedMaster } from "./cluster-origin.ts";
import { onMaster } from "./on-master.ts";

export interface SecretsKeyInputs {
  readonly api: Api;
  /** Label `cluster` of its instances. */
  readonly cluster: string;
  /** Name of the key that writes Secrets. */
  readonly key: string;
  /** Step of the replacement of keys. */
  readonly keyReplacement: number;
  /** With `instances` no node is asked over SSH. */
  readonly waitFor: "cluster" | "instances";
  /** An address that leads to a healthy master. */
  readonly masters: SshTarget;
}

/** The key that every Secret in kubernetes-etcd is encrypted with. */
export interface SecretsKeyOutputs {
  readonly key: string;
}

/**
 * Has all Secrets written again when another key writes, once all masters write with it and before any master forgets the
 * former one: https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#rotating-a-decryption-key
 */
export const secretsKey: ResourceProvider<SecretsKeyInputs, SecretsKeyOutputs> = {
  check(olds, news) {
    if (news.waitFor === "cluster" || olds.key === undefined || olds.key === news.key) return [];
    return [
      {
        property: "waitFor",
        reason:
          `Secrets are encrypted with ${olds.key} and have to be written again with ${news.key}, by a master: ` +
          "`pulumi config set waitFor cluster`.",
      },
    ];
  },
  diff: (_id, { key }, news) => ({ changes: key !== news.key }),
  async create(inputs) {
    const { keyReplacement, waitFor, api, cluster } = inputs;
    // Where no key has been replaced yet, or no master has run yet, there is nothing that another key wrote.
    const isFirst = keyReplacement === 0 || waitFor === "instances" || !(await hasBootedMaster(connect(api), cluster));
    if (!isFirst) await rewrite(inputs);
    return { id: cluster, outs: { key: inputs.key } };
  },
  read: async (_id, olds) => ({ outs: olds }),
  async update(_id, _olds, news) {
    await rewrite(news);
    return { key: news.key };
  },
  delete: async () => {},
};

async function rewrite({ masters, key }: SecretsKeyInputs): Promise<void> {
  const { code, output } = await onMaster(masters, "rewrite-secrets", key);
  if (code === 0) return;
  throw new Refused(
    `Secrets could not all be written again with the new key: ${visible(output)}. No key was taken away: the same command goes on with those that are left.`,
  );
}
