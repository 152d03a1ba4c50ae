import { createHash } from "node:crypto";
import ssh2 from "ssh2";

import type { SshKeyRecord } from "../../records.ts";
import { badRequest, conflict, notFound } from "../errors.ts";
import { Plan, type Family, type Zone } from "../zone.ts";
import { refuseOverQuota } from "./find.ts";

/** SSH keys, known by their name. Their operations succeed at once and name no reference. */
export const sshKeys: Family = {
  handlers: {
    "list-ssh-keys": (zone) => ({ "ssh-keys": [...zone.state.sshKeys.values()].map(view) }),

    "get-ssh-key": (zone, { params }) => view(findSshKey(zone, params.name!)),

    "register-ssh-key": (zone, { body }) => {
      if (zone.state.sshKeys.has(body.name)) throw conflict(`SSH key name ${body.name} is already in use`);
      refuseOverQuota(zone, "ssh-key", zone.state.sshKeys.size);
      const publicKey = (body["public-key"] as string).trim();
      const record = { id: body.name, publicKey, fingerprint: fingerprintOf(publicKey) };
      return new Plan("register-ssh-key", undefined, (change) => change.put("sshKeys", record));
    },

    "delete-ssh-key": (zone, { params }) => {
      const { id } = findSshKey(zone, params.name!);
      return new Plan("delete-ssh-key", undefined, (change) => change.delete("sshKeys", id));
    },
  },
};

export function findSshKey(zone: Zone, name: string): SshKeyRecord {
  const key = zone.state.sshKeys.get(name);
  if (key === undefined) throw notFound(`SSH key ${name} not found`);
  return key;
}

const view = ({ id, fingerprint }: SshKeyRecord): object => ({ name: id, fingerprint });

function fingerprintOf(publicKey: string): string {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error || key.isPrivateKey()) {
    throw badRequest("Invalid public key: give one line in OpenSSH's format, like ssh-ed25519 AAAA... name");
  }
  const digest = createHash("md5").update(key.getPublicSSH()).digest("hex");
  return digest.match(/../g)!.join(":");
}
