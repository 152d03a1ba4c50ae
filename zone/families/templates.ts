import { randomUUID } from "node:crypto";

import { badRequest } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { Resource } from "../api/resource.ts";
import { applyNetwork, mutation, query, type Task } from "../api/route.ts";
import type { Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";
import type { Template } from "../types.ts";
import { namesOf, type NamedStatus } from "./named.ts";

export interface TemplateRecord extends Template {
  readonly description?: string;
  readonly url: string;
  /** MD5, 32 hex digits. */
  readonly checksum: string;
  /** Bytes; 0 until imported. */
  readonly size: number;
  readonly sshKeyEnabled: boolean;
  readonly passwordEnabled: boolean;
  readonly bootMode: "legacy" | "uefi";
  readonly defaultUser?: string;
  readonly maintainer?: string;
  readonly build?: string;
  readonly version?: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** True once downloaded, verified and imported. */
  readonly imported: boolean;
}

declare module "../records.ts" {
  interface Records {
    templates: TemplateRecord;
  }
}

export const templateRecords = new Resource("templates", "template", "Template");

const importTemplate: Task = async (zone, { reference }) => {
  const id = reference!.id;
  const record = zone.state.templates.get(id);
  if (record === undefined) return; // deleted since
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

/** Templates, all private: registered by users, downloaded and verified by the machines. */
export const templates: Family<"templates", NamedStatus> = {
  tags: ["template"],
  table: "templates",
  type: "template",
  quota: 100,
  label: ({ name }) => name,
  routes: [
    query("list-templates", (zone, { query: { visibility, family } }) => ({
      templates: templateRecords
        .all(zone)
        .map((template) => viewTemplate(zone, template))
        .filter((template) => visibility === undefined || template.visibility === visibility)
        .filter((template) => family === undefined || template.family === family),
    })),

    query("get-template", (zone, { params }) => viewTemplate(zone, templateRecords.find(zone, params.id))),

    mutation(
      "register-template",
      (zone, { body }) => {
        if (!/^[0-9a-f]{32}$/i.test(body.checksum)) throw badRequest("Invalid checksum: give an MD5 in 32 hex digits");
        if (!URL.canParse(body.url)) throw badRequest(`Invalid url ${body.url}`);
        templateRecords.refuseOverQuota(zone);
        return templateRecords.put({
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
        });
      },
      { task: importTemplate, delay: ({ importDelay }) => importDelay },
    ),

    mutation(
      "update-template",
      (zone, { params, body }) => {
        const record = templateRecords.find(zone, params.id);
        return templateRecords.put({
          ...record,
          name: body.name ?? record.name,
          description: body.description ?? record.description,
        });
      },
      { task: applyNetwork },
    ),

    mutation(
      "delete-template",
      (zone, { params }) => {
        const record = templateRecords.find(zone, params.id);
        // Instances have their own copy of the disk: a template in use may go.
        return templateRecords.delete(record.id, { record });
      },
      { task: (zone, { args }) => zone.machines.deleteTemplate(args.record as TemplateRecord) },
    ),
  ],
  status: { of: (zone) => namesOf(templateRecords.all(zone)) },
  page: (zone) =>
    templateRecords.all(zone).map(({ id, name, description, size, imported, createdAt }) => ({
      id,
      name,
      description,
      size,
      imported,
      createdAt,
    })),
};

/** A template as the API shows it. */
export const viewTemplate = (zone: Zone, template: TemplateRecord): Schema<"template"> => ({
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
});
