import { randomUUID } from "node:crypto";

import type { TemplateRecord } from "../../records.ts";
import { badRequest } from "../errors.ts";
import { applyNetwork, Plan, type Family, type Work, type Zone } from "../zone.ts";
import { findTemplate, refuseOverQuota } from "./find.ts";

/** Templates, all private: registered by their users, downloaded and verified by the machines. */
export const templates: Family = {
  handlers: {
    "list-templates": (zone, { query }) => ({
      templates: [...zone.state.templates.values()]
        .map((template) => view(zone, template))
        .filter(({ visibility }) => query.visibility === undefined || visibility === query.visibility)
        .filter(({ family }) => query.family === undefined || family === query.family),
    }),

    "get-template": (zone, { params }) => view(zone, findTemplate(zone, params.id)),

    "register-template": (zone, { body }) => {
      if (!/^[0-9a-f]{32}$/i.test(body.checksum)) throw badRequest("Invalid checksum: give an MD5 in 32 hex digits");
      if (!URL.canParse(body.url)) throw badRequest(`Invalid url ${body.url}`);
      refuseOverQuota(zone, "template", zone.state.templates.size);
      const record: TemplateRecord = {
        id: randomUUID(),
        name: body.name,
        description: body.description,
        url: body.url,
        checksum: body.checksum.toLowerCase(),
        size: body.size ?? 0,
        sshKeyEnabled: body["ssh-key-enabled"],
        passwordEnabled: body["password-enabled"],
        bootMode: body["boot-mode"] ?? "legacy",
        defaultUser: body["default-user"],
        maintainer: body.maintainer,
        build: body.build,
        version: body.version,
        createdAt: new Date().toISOString(),
        imported: false,
      };
      return planUpdate("register-template", record);
    },

    "update-template": (zone, { params, body }) => {
      const record = findTemplate(zone, params.id);
      return planUpdate("update-template", {
        ...record,
        name: body.name ?? record.name,
        description: body.description ?? record.description,
      });
    },

    "delete-template": (zone, { params }) => {
      const record = findTemplate(zone, params.id);
      // Instances have their own copy of the disk: a template in use may go.
      return new Plan("delete-template", reference(record), (change) => change.delete("templates", record.id), {
        record,
      });
    },
  },
  work: {
    "register-template": (zone, operation) => importTemplate(zone, operation),
    "update-template": applyNetwork,
    "delete-template": (zone, { args }) => zone.machines.deleteTemplate(args.record as TemplateRecord),
  },
};

const importTemplate: Work = async (zone, { reference }) => {
  const id = reference!.id;
  const record = zone.state.templates.get(id);
  if (record === undefined) return; // deleted meanwhile
  try {
    const size = await zone.machines.importTemplate(record, record.url, record.checksum);
    const latest = zone.state.templates.get(id);
    if (latest === undefined) return;
    zone.state.write((change) => change.put("templates", { ...latest, size, imported: true }));
  } catch (error) {
    zone.state.write((change) => change.delete("templates", id));
    throw error;
  }
};

const reference = ({ id }: { readonly id: string }) => ({ type: "template", id });

const planUpdate = (command: string, record: TemplateRecord): Plan =>
  new Plan(command, reference(record), (change) => change.put("templates", record));

interface TemplateView {
  readonly family: string;
  readonly visibility: "private";
  readonly [field: string]: unknown;
}

export function view(zone: Zone, template: TemplateRecord): TemplateView {
  return {
    id: template.id,
    name: template.name,
    description: template.description,
    family: template.name.toLowerCase(),
    visibility: "private",
    url: template.url,
    checksum: template.checksum,
    size: template.size > 0 ? template.size : undefined,
    "ssh-key-enabled": template.sshKeyEnabled,
    "password-enabled": template.passwordEnabled,
    "boot-mode": template.bootMode,
    "default-user": template.defaultUser,
    maintainer: template.maintainer,
    build: template.build,
    version: template.version,
    "application-consistent-snapshot-enabled": false,
    "created-at": template.createdAt,
    zones: [zone.name],
  };
}
