import type { Api, Template } from "./api.ts";
import { remove } from "./busy.ts";
import { connect } from "./client.ts";
import { findOrMake, tokenDescription } from "./find.ts";
import { changed, orGone, type Kind } from "./kind.ts";
import { patience } from "./patience.ts";

/** An image that Exoscale fetches by itself and instances are made from. */
export interface TemplateInputs {
  readonly api: Api;
  readonly name: string;
  /** Of the uncompressed image; one that never changes. */
  readonly url: string;
  /** MD5 of the image, hex. */
  readonly checksum: string;
  readonly bootMode: "legacy" | "uefi";
  readonly defaultUser: string;
  readonly token: string;
}

type TemplateOutputs = TemplateInputs;

export const template: Kind<TemplateInputs, TemplateOutputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["url", "checksum", "bootMode", "defaultUser", "token"]);
    return {
      changes: replaces.length > 0 || changed(olds, news, ["api", "name"]).length > 0,
      replaces,
      // Two of the same name could not be told apart by name.
      deleteBeforeReplace: olds.name === news.name,
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const description = tokenDescription(inputs.token);
    const id = await findOrMake<Template>(client, {
      kind: "template",
      name: inputs.name,
      mark: inputs.token,
      path: "/template?visibility=private",
      field: "templates",
      id: (each) => each.id,
      isOurs: (each) => each.description === description,
      isNamesake: (each) => each.name === inputs.name,
    }, () => client.post("/template", {
      name: inputs.name,
      description,
      url: inputs.url,
      checksum: inputs.checksum,
      "boot-mode": inputs.bootMode,
      "default-user": inputs.defaultUser,
      "ssh-key-enabled": true,
      "password-enabled": false,
    }), patience.template);
    return { id, outs: inputs };
  },

  async read(id, olds) {
    const actual = await orGone(connect(olds.api).get<Template>(`/template/${id}`));
    if (!actual) return undefined;
    const outs = { ...olds, name: actual.name };
    return { outs, inputs: outs };
  },

  async update(id, _olds, news) {
    const client = connect(news.api);
    const actual = await client.get<Template>(`/template/${id}`);
    if (actual.name !== news.name) {
      await client.wait(await client.put(`/template/${id}`, { name: news.name }), { what: `template ${news.name} to be renamed` });
    }
    return news;
  },

  delete: (id, { api, name }) => remove(connect(api), `/template/${id}`, `template ${name}`),
};
