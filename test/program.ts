/** The whole program for tests, with some settings, in an engine of memory. */
import * as pulumi from "@pulumi/pulumi";
import { vi } from "vitest";

import { run, type Answers } from "../components/testing/engine.ts";

const required = {
  zone: "ch-gva-2",
  template: JSON.stringify({ url: "https://images.example/flatcar.qcow2", checksum: "0".repeat(32) }),
  sshSources: '["203.0.113.7/32"]',
  apiSources: '["0.0.0.0/0"]',
};

/** Takes the place of the stack's configuration for the next import of the program. */
export function configure(values: Readonly<Record<string, string>>): void {
  const config = Object.entries({ ...required, ...values }).map(([name, value]) => [`kubernetes:${name}`, value]);
  pulumi.runtime.setAllConfig(Object.fromEntries(config));
  vi.resetModules();
}

/** Runs it with what is required and these values, as Pulumi hands them out. */
export const program = (values: Readonly<Record<string, string>> = {}, answers: Answers = {}) =>
  run(() => {
    configure(values);
    return import("../index.ts");
  }, answers);
