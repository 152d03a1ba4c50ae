import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";

import { root } from "../../toolchain/paths.ts";

/** What a stack does not need, or gets anew. */
const left = new Set([".git", ".local", "docs", "node_modules", "test", "test-results", "toolchain/recipes", "zone"]);

/**
 * Makes a checkout without the settings, state and locks of this one; editing sources here does not change it. Packages
 * and programs are links to this checkout's.
 */
export function makeCheckout(directory: string): void {
  cpSync(root, directory, {
    recursive: true,
    filter: (file) => !left.has(relative(root, file)) && !basename(file).endsWith(".test.ts"),
  });
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  mkdirSync(join(directory, ".local", "pulumi"), { recursive: true });
  for (const part of ["bin", "mirror", "pulumi/plugins", "template"])
    symlinkSync(join(root, ".local", part), join(directory, ".local", part));
}
