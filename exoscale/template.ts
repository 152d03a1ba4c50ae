import type { Api, Template } from "./api.ts";
import { remove } from "./busy.ts";
import { connect } from "./client.ts";
import { Incomplete } from "./errors.ts";
import { findOrCreate, tokenDescription, type Collection } from "./find.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";
import { operationLimit } from "./operations.ts";
import { timeouts } from "./timeouts.ts";

/** A disk image for instances, which Exoscale downloads. */
export interface TemplateInputs {
  readonly api: Api;
  readonly name: string;
  /** Of the uncompressed image, which must not change. */
  readonly url: string;
  /** MD5 of the image, hex. */
  readonly checksum: string;
  readonly bootMode: "legacy" | "uefi";
  readonly defaultUser: string;
  readonly token: string;
}

export interface TemplateOutputs extends TemplateInputs {
  /** False if the import failed: the template exists and cannot be used. */
  readonly imported?: false;
}

export const templates: Collection<Template> = {
  kind: "template",
  path: "/template?visibility=private",
  field: "templates",
  id: (each) => each.id,
  name: (each) => each.name,
  hasToken: (each, token) => each.description === tokenDescription(token),
};

export const template: ResourceProvider<TemplateInputs, TemplateOutputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, { ...news, imported: undefined }, [
      "url",
      "checksum",
      "bootMode",
      "defaultUser",
      "token",
      "imported",
    ]);
    return {
      changes: replaces.length > 0 || changed(olds, news, ["api", "name"]).length > 0,
      replaces,
      // No two templates of one name at the same time.
      deleteBeforeReplace: olds.name === news.name,
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const { name, token } = inputs;
    const created = findOrCreate(
      client,
      { among: templates, name, token },
      () =>
        client.post("/template", {
          name,
          description: tokenDescription(token),
          url: inputs.url,
          checksum: inputs.checksum,
          "boot-mode": inputs.bootMode,
          "default-user": inputs.defaultUser,
          "ssh-key-enabled": true,
          "password-enabled": false,
        }),
      operationLimit(timeouts.template),
    );
    const id = await created.catch((error: unknown) => {
      if (error instanceof Incomplete) throw new Incomplete(error.id, error.message, { ...inputs, imported: false });
      throw error;
    });
    return { id, outs: inputs };
  },

  async read(id, olds) {
    const actual = await orGone(connect(olds.api).get<Template>(`/template/${id}`));
    if (!actual) return undefined;
    const { imported, ...inputs } = { ...olds, name: actual.name };
    return { outs: { ...inputs, ...(imported === false && { imported }) }, inputs };
  },

  async update(id, _olds, news) {
    const client = connect(news.api);
    const actual = await client.get<Template>(`/template/${id}`);
    if (actual.name !== news.name) {
      await client.wait(await client.put(`/template/${id}`, { name: news.name }), {
        what: `template ${news.name} to be renamed`,
      });
    }
    return news;
  },

  delete: (id, { api, name }) => remove(connect(api), `/template/${id}`, `template ${name}`),
};
