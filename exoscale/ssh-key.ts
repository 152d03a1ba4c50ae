import { createHash } from "node:crypto";

import type { Api, SshKey } from "./api.ts";
import { remove } from "./busy.ts";
import { connect } from "./client.ts";
import { findOrCreate, type Collection } from "./find.ts";
import { keyToken } from "./identity.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";

/** A public key that Exoscale gives to instances. Its name is its id. */
export interface SshKeyInputs {
  readonly api: Api;
  readonly name: string;
  /** OpenSSH line; its comment does not count. */
  readonly publicKey: string;
}

export interface SshKeyOutputs extends SshKeyInputs {
  /** As the API writes it. */
  readonly fingerprint: string;
}

export const sshKeys: Collection<SshKey> = {
  kind: "SSH key",
  path: "/ssh-key",
  field: "ssh-keys",
  id: (each) => each.name,
  name: (each) => each.name,
  hasToken: (each, token) =>
    token.startsWith(`${each.name} `) && isFingerprintOf(each.fingerprint, token.slice(each.name.length + 1)),
};

export const sshKey: ResourceProvider<SshKeyInputs, SshKeyOutputs> = {
  diff(_id, olds, news) {
    const replaces = [
      ...changed(olds, news, ["name"]),
      ...(isFingerprintOf(olds.fingerprint, news.publicKey) ? [] : ["publicKey"]),
    ];
    return {
      changes: replaces.length > 0 || changed(olds, news, ["api"]).length > 0,
      replaces,
      deleteBeforeReplace: olds.name === news.name,
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const { name, publicKey } = inputs;
    const id = await findOrCreate(client, { among: sshKeys, name, token: keyToken(name, publicKey) }, async () => {
      // The id of a key is its name, and not what the operation may refer to.
      const { reference: _reference, ...operation } = await client.post("/ssh-key", { name, "public-key": publicKey });
      return operation;
    });
    const { fingerprint } = await client.get<SshKey>(path(id));
    return { id, outs: { ...inputs, fingerprint } };
  },

  async read(id, olds) {
    const actual = await orGone(connect(olds.api).get<SshKey>(path(id)));
    return actual && { outs: { ...olds, fingerprint: actual.fingerprint } };
  },

  async update(id, _olds, news) {
    const { fingerprint } = await connect(news.api).get<SshKey>(path(id));
    return { ...news, fingerprint };
  },

  async delete(id, olds) {
    const client = connect(olds.api);
    const actual = await orGone(client.get<SshKey>(path(id)));
    // Another key of that name is not ours.
    if (actual && isFingerprintOf(actual.fingerprint, olds.publicKey))
      await remove(client, path(id), `SSH key ${olds.name}`);
  },
};

function path(name: string): string {
  return `/ssh-key/${encodeURIComponent(name)}`;
}

/** True if the fingerprint, as MD5 (`aa:bb:...`) or SHA-256 (`SHA256:...`), is that of the key. */
export function isFingerprintOf(fingerprint: string | undefined, publicKey: string): boolean {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? "", "base64");
  const md5 = createHash("md5").update(blob).digest("hex");
  const sha256 = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return (
    fingerprint === `SHA256:${sha256}` || fingerprint?.replace(/^MD5:/i, "").replaceAll(":", "").toLowerCase() === md5
  );
}
