import { createHash } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";

import { badRequest, conflict } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { Resource } from "../api/resource.ts";
import { mutation, query } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";

export interface SshKeyRecord {
  /** The key's name, by which alone the API knows SSH keys. */
  readonly id: string;
  /** MD5 of the key's blob, sixteen hex pairs with colons. */
  readonly fingerprint: string;
  readonly publicKey: string;
}

declare module "../records.ts" {
  interface Records {
    sshKeys: SshKeyRecord;
  }
}

export const keyRecords = new Resource("sshKeys", "ssh-key", "SSH key");

export interface SshKeyStatus {
  readonly name: string;
}

/** SSH keys, known by their name. Their operations succeed immediately and have no reference. */
export const sshKeys: Family<"sshKeys", SshKeyStatus> = {
  tags: ["ssh-key"],
  table: "sshKeys",
  type: "ssh-key",
  quota: 1000,
  label: ({ id }) => id,
  routes: [
    query("list-ssh-keys", (zone) => ({ "ssh-keys": keyRecords.all(zone).map(view) })),

    query("get-ssh-key", (zone, { params }) => view(keyRecords.find(zone, params.name))),

    mutation("register-ssh-key", (zone, { body }) => {
      if (zone.state.sshKeys.has(body.name)) throw conflict(`SSH key name ${body.name} is already in use`);
      keyRecords.refuseOverQuota(zone);
      const publicKey = body["public-key"].trim();
      const key = parse(publicKey);
      if (zone.settings.sshKeys === "rsa-ed25519" && !["ssh-rsa", "ssh-ed25519"].includes(key.type)) {
        throw badRequest(`Invalid public key: its type is ${key.type}, give an RSA or Ed25519 key`);
      }
      const record = { id: body.name, publicKey, fingerprint: fingerprintOf(key) };
      return { change: (change) => change.put("sshKeys", record) };
    }),

    mutation("delete-ssh-key", (zone, { params }) => {
      const { id } = keyRecords.find(zone, params.name);
      return { change: (change) => change.delete("sshKeys", id) };
    }),
  ],
  status: { of: (zone) => keyRecords.all(zone).map(({ id }) => ({ name: id })) },
};

const view = ({ id, fingerprint }: SshKeyRecord): Schema<"ssh-key"> => ({ name: id, fingerprint });

function parse(publicKey: string): ParsedKey {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error || key.isPrivateKey()) {
    throw badRequest("Invalid public key: give one line in OpenSSH's format, like ssh-ed25519 AAAA... name");
  }
  return key;
}

function fingerprintOf(key: ParsedKey): string {
  const digest = createHash("md5").update(key.getPublicSSH()).digest("hex");
  return digest.match(/../g)!.join(":");
}
