/** Directories on the user's machine: the checkout, its local state, and the cache that all checkouts share. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout. */
export const root = resolve(import.meta.dirname, "..");

/** State and links of this checkout; ignored by git, removed by `npm run down`. */
export const local = join(root, ".local");

/** The backend of this checkout's stacks, unless PULUMI_BACKEND_URL names another one. */
export const ownBackend = join(local, "state");

/** Artifacts of all checkouts; stays until the user removes it. */
export const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kubernetes-on-exoscale");

/** Go's caches and scratch copies of recipes; exists only while something is being built. */
export const build = join(cache, "build");
