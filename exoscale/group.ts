import type { Api, Group } from "./api.ts";
import { remove } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { findOrCreate, keptNotice, tokenDescription, type Collection } from "./find.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";

/** A group of instances. Nothing of it can change. */
export interface GroupInputs {
  readonly api: Api;
  readonly name: string;
  readonly token: string;
}

type GroupOutputs = GroupInputs;

/** @param kind For messages. @param path Where the API lists the groups. @param field The answer's field with the list. */
export function groupsOf(kind: string, path: string, field: string): Collection<Group> {
  return {
    kind,
    path,
    field,
    id: (each) => each.id,
    name: (each) => each.name,
    hasToken: (each, token) => each.description === tokenDescription(token),
  };
}

/** The resource provider of a kind of group. @param empty Deletes what has to be gone before the group can be deleted. */
export function groupProvider(
  among: Collection<Group>,
  empty: (client: Client, id: string) => Promise<void> = async () => {},
): ResourceProvider<GroupInputs, GroupOutputs> {
  const { kind, path } = among;
  return {
    diff(_id, olds, news) {
      const replaces = changed(olds, news, ["name"]);
      const isClaimedAnew = changed(olds, news, ["token"]).length > 0;
      return {
        changes: replaces.length > 0 || isClaimedAnew || changed(olds, news, ["api"]).length > 0,
        replaces,
        // Instances are in it, and no second one can have its name.
        ...(isClaimedAnew && { notice: keptNotice(kind, olds.name) }),
      };
    },

    async create(inputs) {
      const client = connect(inputs.api);
      const { name, token } = inputs;
      const id = await findOrCreate(client, { among, name, token }, () =>
        client.post(path, { name, description: tokenDescription(token) }),
      );
      return { id, outs: inputs };
    },

    async read(id, olds) {
      const actual = await orGone(connect(olds.api).get<Group>(`${path}/${id}`));
      return actual && { outs: olds, inputs: olds };
    },

    async update(id, _olds, news) {
      await connect(news.api).get(`${path}/${id}`);
      return news;
    },

    async delete(id, { api, name }) {
      const client = connect(api);
      await empty(client, id);
      await remove(client, `${path}/${id}`, `${kind} ${name}`);
    },
  };
}
