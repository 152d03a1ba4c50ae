import type { Api, Group } from "./api.ts";
import { remove } from "./busy.ts";
import { connect } from "./client.ts";
import { findOrMake, tokenDescription } from "./find.ts";
import { changed, orGone, type Kind } from "./kind.ts";

/** A group of instances: a name and nothing that could be changed. */
export interface GroupInputs {
  readonly api: Api;
  readonly name: string;
  readonly token: string;
}

type GroupOutputs = GroupInputs;

/** The kind of a group. @param what Its name in messages. @param path Its collection. @param field The list's field. */
export function groupKind(what: string, path: string, field: string): Kind<GroupInputs, GroupOutputs> {
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
      const description = tokenDescription(inputs.token);
      const id = await findOrMake<Group>(client, {
        kind: what,
        name: inputs.name,
        mark: inputs.token,
        path,
        field,
        id: (each) => each.id,
        isOurs: (each) => each.description === description,
        isNamesake: (each) => each.name === inputs.name,
      }, () => client.post(path, { name: inputs.name, description }));
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

    delete: (id, { api, name }) => remove(connect(api), `${path}/${id}`, `${what} ${name}`),
  };
}
