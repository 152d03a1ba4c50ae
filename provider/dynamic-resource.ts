import * as pulumi from "@pulumi/pulumi";

// The names only: the program itself makes no call, and loads nothing that does.
import type { ProviderName } from "./handlers.ts";

const methods = ["check", "diff", "create", "read", "update", "delete"];

/**
 * What Pulumi's dynamic provider loads for a kind, in the directory of Pulumi.yaml. By the package's name, which leads
 * here from this program as from one that uses it as a library.
 *
 * It is stored with every resource, twice, and what is stored is what later deletes and refreshes: so it says only where
 * today's code is. Do not change a letter of it: every resource would have to be updated first.
 */
export function handler(kind: ProviderName): string {
  return `exports.handler = () => Object.fromEntries(${JSON.stringify(methods)}.map((method) => [method, async (...args) => (await import("kubernetes-on-exoscale/exoscale/provider.ts")).providers.${kind}[method](...args)]));`;
}

/**
 * A dynamic resource. `pulumi.dynamic.Resource` would make `__provider` out of closures: nine times as long, dependent on
 * how the code is laid out and on the TypeScript compiler, whose loading costs every start 0.3 s.
 */
export abstract class DynamicResource extends pulumi.CustomResource {
  /** @param type The last part of the URN's type. @param outputs Names of outputs that are no inputs. */
  constructor(
    kind: ProviderName,
    type: string,
    name: string,
    args: pulumi.Inputs,
    opts: pulumi.CustomResourceOptions = {},
    outputs: readonly string[] = [],
  ) {
    const props = {
      ...Object.fromEntries(outputs.map((output) => [output, undefined])),
      ...args,
      __provider: handler(kind),
    };
    super(
      `pulumi-nodejs:dynamic/exoscale:${type}`,
      name,
      props,
      pulumi.mergeOptions({ hideDiffs: ["__provider"] }, opts),
    );
  }
}
