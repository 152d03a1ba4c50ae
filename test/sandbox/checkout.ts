import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** The repository. */
export const root = join(import.meta.dirname, "..", "..");

/** What a user's checkout has and a stack does not need, or gets a new one of. */
const left = new Set([".git", ".local", "docs", "node_modules", "test", "test-results", "toolchain/recipes", "zone"]);

/**
 * Makes a checkout of its own: another stack's settings, state and lock are not its business, and a source that is
 * edited meanwhile does not change it. Packages and programs are the repository's.
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
