import * as pulumi from "@pulumi/pulumi";

// A type only: the program itself makes no call, and loads nothing that does.
import type { ProviderName } from "./handlers.ts";

const methods = ["check", "diff", "create", "read", "update", "delete"];

/**
 * The code that Pulumi's dynamic provider loads for a resource, in the directory of Pulumi.yaml. It imports the package by
 * name, which works in this program and in one that uses it as a library.
 *
 * It is stored with every resource, twice, and later deletes and refreshes run what is stored: so it contains only where the
 * current code is. Do not change a letter of it: every resource would have to be updated first.
 */
export function handler(provider: ProviderName): string {
  return `exports.handler = () => Object.fromEntries(${JSON.stringify(methods)}.map((method) => [method, async (...args) => (await import("kubernetes-on-exoscale/exoscale/provider.ts")).providers.${provider}[method](...args)]));`;
}

/**
 * A dynamic resource. `pulumi.dynamic.Resource` would serialize closures into `__provider`: nine times as long, different
 * after every change of the code's layout, and by the TypeScript compiler, which costs every start 0.3 s to load.
 */
export abstract class DynamicResource extends pulumi.CustomResource {
  /** @param type The last part of the URN's type. @param outputs Names of outputs that are not inputs. */
  constructor(
    provider: ProviderName,
    type: string,
    name: string,
    args: pulumi.Inputs,
    opts: pulumi.CustomResourceOptions = {},
    outputs: readonly string[] = [],
  ) {
    const props = {
      ...Object.fromEntries(outputs.map((output) => [output, undefined])),
      ...args,
      __provider: handler(provider),
    };
    super(
      `pulumi-nodejs:dynamic/exoscale:${type}`,
      name,
      props,
      pulumi.mergeOptions({ hideDiffs: ["__provider"] }, opts),
    );
  }
}
