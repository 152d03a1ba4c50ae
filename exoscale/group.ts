import type { Api, Group } from "./api.ts";
import { remove } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { findOrMake, tokenDescription, type Collection } from "./find.ts";
import { changed, orGone, type Kind } from "./resource-provider.ts";

/** A group of instances: a name and nothing that could be changed. */
export interface GroupInputs {
  readonly api: Api;
  readonly name: string;
  readonly token: string;
}

type GroupOutputs = GroupInputs;

/** Groups of a kind. @param kind Its name in messages. @param path Where the API lists them. @param field The list's field. */
export function groupsOf(kind: string, path: string, field: string): Collection<Group> {
  return {
    kind,
    path,
    field,
    id: (each) => each.id,
    name: (each) => each.name,
    isMarked: (each, mark) => each.description === tokenDescription(mark),
  };
}

/** The kind of a group. @param empty What has to go before the group can. */
export function groupKind(
  among: Collection<Group>,
  empty: (client: Client, id: string) => Promise<void> = async () => {},
): Kind<GroupInputs, GroupOutputs> {
  const { kind, path } = among;
  return {
    diff(_id, olds, news) {
      const replaces = changed(olds, news, ["name", "token"]);
      return {
        changes: replaces.length > 0 || changed(olds, news, ["api"]).length > 0,
        replaces,
        // Names are unique.
        deleteBeforeReplace: olds.name === news.name,
      };
    },

    async create(inputs) {
      const client = connect(inputs.api);
      const { name, token } = inputs;
      const id = await findOrMake(client, { among, name, mark: token }, () =>
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
