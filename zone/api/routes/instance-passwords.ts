import { randomBytes } from "node:crypto";

import type { InstanceRecord, TemplateRecord } from "../../records.ts";
import { conflict, notFound } from "../errors.ts";
import type { Handler } from "../zone.ts";
import { findInstance, findLiving } from "./find.ts";
import { instancePlan } from "./instance-state.ts";

/** Milliseconds that a password can be asked for after it was set. */
const TOLD = 24 * 60 * 60 * 1000;

/**
 * Passwords of the default user. Only instances of templates that are registered as password-enabled have one; to set
 * it in the guest is such a template's own matter.
 */
export const passwords: Readonly<Record<string, Handler>> = {
  "reveal-instance-password": (zone, { params }) => {
    const { id, password } = findInstance(zone, params.id);
    if (password === undefined || Date.parse(password.setAt) + TOLD < Date.now()) {
      throw notFound(`Password of Instance ${id} not found`);
    }
    return { password: password.text };
  },

  "reset-instance-password": (zone, { params }) => {
    const instance = findLiving(zone, params.id);
    if (instance.password === undefined) {
      throw conflict(`Instance ${instance.id} has no password: its template is not password-enabled`);
    }
    return instancePlan("reset-instance-password", { ...instance, password: newPassword() });
  },
};

/** The first password of an instance of this template, if it has one. */
export const passwordFor = ({ passwordEnabled }: TemplateRecord): InstanceRecord["password"] =>
  passwordEnabled ? newPassword() : undefined;

const newPassword = (): NonNullable<InstanceRecord["password"]> => ({
  text: randomBytes(15).toString("base64url"),
  setAt: new Date().toISOString(),
});
