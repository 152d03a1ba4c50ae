/** Where things lie on a user's machine: the checkout, what is local to it, and the cache that outlives both. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout. */
export const root = resolve(import.meta.dirname, "..");

/** State of this checkout; git ignores it, `npm run down` removes it. */
export const local = join(root, ".local");

/** Artifacts of every checkout; stays until the user removes it. */
export const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kubernetes-on-exoscale");

/** Go's caches and scratch copies of recipes: only there while something is missing. */
export const build = join(cache, "build");
