import { randomBytes } from "node:crypto";

import { antiAffinityGroups } from "./anti-affinity-group.ts";
import type { Api, Instance } from "./api.ts";
import { remove } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { elasticIps } from "./elastic-ip.ts";
import { firstLook, type Collection } from "./find.ts";
import { emptyCloudConfig, instances, removeInstance } from "./instance.ts";
import { changed, orGone, type Kind } from "./resource-provider.ts";
import { getInstance } from "./instance-actions.ts";
import { securityGroups } from "./security-group.ts";
import { sshKeys } from "./ssh-key.ts";
import { templates } from "./template.ts";
import { userDataSha256 } from "./user-data.ts";

/** Everything that is made with a mark. */
const collections = {
  template: templates,
  sshKey: sshKeys,
  antiAffinityGroup: antiAffinityGroups,
  securityGroup: securityGroups,
  elasticIp: elasticIps,
  instance: instances,
} as const satisfies Record<string, Collection<never>>;

/**
 * That something may have been made with a mark, kept from before its creation until after its deletion: a provider
 * that dies while it makes a thing leaves nothing in the state that tells of it. The next run with the same settings
 * finds the thing by its mark; where there is none, because it is no longer wanted or all is destroyed, what is left
 * goes with its claim. Its id is the creation token that it makes, which so is known in every preview; the name, where
 * it makes none.
 */
export interface ClaimInputs {
  readonly api: Api;
  readonly of: keyof typeof collections;
  readonly name: string;
  /** What marks a thing that can carry no creation token; default: the token that this claim makes, 16 hex digits. */
  readonly mark?: string;
  /** What the thing is made of: another one is another thing, with a mark of its own. */
  readonly keepers?: object;
  /** Ids of what the thing uses, which cannot go before it. */
  readonly uses: readonly string[];
}

export const claim: Kind<ClaimInputs, ClaimInputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["of", "mark", "keepers"]);
    return {
      changes: replaces.length > 0 || changed(olds, news, ["api", "name"]).length > 0,
      replaces,
      // What is left of an instance bears the name that its successor is to have.
      deleteBeforeReplace: news.of === "instance",
    };
  },
  create: async (inputs) => ({ id: inputs.mark ? inputs.name : randomBytes(8).toString("hex"), outs: inputs }),
  read: async (_id, olds) => ({ outs: olds, inputs: olds }),
  update: async (_id, _olds, news) => news,

  async delete(token, { api, of, name, mark = token }) {
    const client = connect(api);
    if (of === "instance") return dropInstances(client, name, mark);
    const { kind, path } = collections[of];
    for (const id of await marked(client, of, mark)) {
      await remove(client, `${path.split("?")[0]}/${encodeURIComponent(id)}`, `${kind} ${name}`);
    }
  },
};

async function marked(client: Client, of: ClaimInputs["of"], mark: string): Promise<string[]> {
  const { path, field, id, isMarked } = collections[of] as Collection<unknown>;
  const all = await client.list(path, field, firstLook);
  return all.filter((each) => isMarked(each, mark)).map(id);
}

async function dropInstances(client: Client, name: string, mark: string): Promise<void> {
  for (const id of await marked(client, "instance", mark)) {
    const left = await orGone(getInstance(client, id));
    // One that was told what to run is in the state, or somebody took it out to keep it.
    if (left && isUntold(left)) await removeInstance(client, id, name);
  }
}

/** It has no user-data of its own yet: the one it is created with does nothing. */
export function isUntold({ "user-data": userData }: Instance): boolean {
  return userDataSha256(userData) === userDataSha256(emptyCloudConfig);
}
