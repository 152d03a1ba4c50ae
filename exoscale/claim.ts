import { randomBytes } from "node:crypto";

import { antiAffinityGroups } from "./anti-affinity-group.ts";
import type { Api } from "./api.ts";
import { remove } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { elasticIps } from "./elastic-ip.ts";
import { firstLook, type Collection } from "./find.ts";
import { wasInUse } from "./in-use.ts";
import { hasEmptyUserData, instances, removeInstance } from "./instance.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";
import { getInstance } from "./instance-actions.ts";
import { securityGroups } from "./security-group.ts";
import { sshKeys } from "./ssh-key.ts";
import { templates } from "./template.ts";

/** Everything that is created with a creation token. */
const collections = {
  template: templates,
  sshKey: sshKeys,
  antiAffinityGroup: antiAffinityGroups,
  securityGroup: securityGroups,
  elasticIp: elasticIps,
  instance: instances,
} as const satisfies Record<string, Collection<never>>;

/**
 * Keeps a creation token in the state from before its resource's creation until after its deletion. A provider that dies
 * while it creates a resource leaves no trace of it in the state. The next run with the same settings finds the resource by
 * its token; if it is no longer wanted, or everything is destroyed, it is deleted with its claim.
 *
 * A claim's id is the creation token, so that every preview knows it; or the name, for a resource with a `mark`.
 */
export interface ClaimInputs {
  readonly api: Api;
  readonly of: keyof typeof collections;
  readonly name: string;
  /** The creation token of a resource that can carry no random one. @default the claim's id, 16 random hex digits */
  readonly mark?: string;
  /** Properties whose change makes it another resource, with another creation token. */
  readonly keepers?: object;
  /** Ids of what the resource uses, so that it is deleted after it. */
  readonly uses: readonly string[];
}

/** The claims of this run's program. */
const current = new Set<string>();

/** Claims of one meaning are for the same resource. */
function meaning({ api, of, name, mark, keepers }: ClaimInputs): string {
  return JSON.stringify([api.endpoint, of, name, mark, Object.entries(keepers ?? {}).sort()]);
}

export const claim: ResourceProvider<ClaimInputs, ClaimInputs> = {
  check(_olds, news) {
    current.add(meaning(news));
    return [];
  },

  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["of", "mark", "keepers"]);
    return {
      changes: replaces.length > 0 || changed(olds, news, ["api", "name"]).length > 0,
      replaces,
      // A leftover instance has the name that its successor needs.
      deleteBeforeReplace: news.of === "instance",
    };
  },
  create: async (inputs) => ({ id: inputs.mark ? inputs.name : randomBytes(8).toString("hex"), outs: inputs }),
  read: async (_id, olds) => ({ outs: olds, inputs: olds }),
  update: async (_id, _olds, news) => news,

  async delete(id, olds) {
    // `--replace` of the claim alone: its resource lives, and is not a leftover.
    if (current.has(meaning(olds))) return;
    const { api, of, name, mark: token = id } = olds;
    const client = connect(api);
    if (of === "instance") return removeInstances(client, name, token);
    const { kind, path } = collections[of];
    for (const leftover of await withToken(client, of, token)) {
      // It was in the state, and somebody took it out to keep it: `pulumi state move`, `pulumi state delete`.
      if (await wasInUse(client, leftover)) {
        console.log(`${kind} ${name} is left: it was in use, and is no longer this stack's.`);
        continue;
      }
      await remove(client, `${path.split("?")[0]}/${encodeURIComponent(leftover)}`, `${kind} ${name}`);
    }
  },
};

/** Ids of the resources that carry a creation token. */
async function withToken(client: Client, of: ClaimInputs["of"], token: string): Promise<string[]> {
  const { path, field, id, hasToken } = collections[of] as Collection<unknown>;
  const all = await client.list(path, field, firstLook);
  return all.filter((each) => hasToken(each, token)).map(id);
}

async function removeInstances(client: Client, name: string, token: string): Promise<void> {
  for (const id of await withToken(client, "instance", token)) {
    const leftover = await orGone(getInstance(client, id));
    // One with user-data of its own is in the state, or was taken out of it to be kept.
    if (leftover && hasEmptyUserData(leftover)) await removeInstance(client, id, name);
  }
}
