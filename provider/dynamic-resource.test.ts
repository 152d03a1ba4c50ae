import { createRequire } from "node:module";

import { expect, test } from "vitest";

import { providers, type ProviderName } from "./handlers.ts";
import { handler } from "./dynamic-resource.ts";

const load = createRequire(import.meta.url)("require-from-string") as (code: string) => {
  handler(): Record<string, unknown>;
};

test("what is stored with every resource stays as it is", () => {
  expect(handler("instance")).toMatchInlineSnapshot(
    `"exports.handler = () => Object.fromEntries(["check","diff","create","read","update","delete"].map((method) => [method, async (...args) => (await import("kubernetes-on-exoscale/exoscale/provider.ts")).providers.instance[method](...args)]));"`,
  );
});

test("it is what the dynamic provider expects", () => {
  for (const kind of Object.keys(providers) as ProviderName[]) {
    const methods = load(handler(kind)).handler();
    expect(Object.keys(methods)).toEqual(Object.keys(providers[kind]));
    expect(methods.configure).toBeUndefined();
  }
});
