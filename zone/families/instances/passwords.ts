import { randomBytes } from "node:crypto";

import { conflict, notFound } from "../../api/errors.ts";
import { applyNetwork, mutation, query, type Route } from "../../api/route.ts";
import type { TemplateRecord } from "../templates.ts";
import { findLiving, instanceRecords, type InstanceRecord } from "./record.ts";

/** How long a password can be revealed after it was set, in milliseconds. */
const REVEALED = 24 * 60 * 60 * 1000;

/**
 * Passwords of the default user. Only instances of templates that are registered as password-enabled have one; setting
 * it in the guest is up to such a template.
 */
export const passwordRoutes: readonly Route[] = [
  query("reveal-instance-password", (zone, { params }) => {
    const { id, password } = instanceRecords.find(zone, params.id);
    if (password === undefined || Date.parse(password.setAt) + REVEALED < Date.now()) {
      throw notFound(`Password of Instance ${id} not found`);
    }
    return { password: password.text };
  }),

  mutation(
    "reset-instance-password",
    (zone, { params }) => {
      const instance = findLiving(zone, params.id);
      if (instance.password === undefined) {
        throw conflict(`Instance ${instance.id} has no password: its template is not password-enabled`);
      }
      return instanceRecords.put({ ...instance, password: newPassword() });
    },
    { task: applyNetwork },
  ),
];

/** The first password of an instance of this template, if it has one. */
export const passwordFor = ({ passwordEnabled }: TemplateRecord): InstanceRecord["password"] =>
  passwordEnabled ? newPassword() : undefined;

const newPassword = (): NonNullable<InstanceRecord["password"]> => ({
  text: randomBytes(15).toString("base64url"),
  setAt: new Date().toISOString(),
});
