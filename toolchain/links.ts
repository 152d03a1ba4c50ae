/** Links from `.local` into the cache: programs, Pulumi's plugins, the mirror and the template. */
import { mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "./build.ts";

/** Artifacts whose programs are linked into `.local/bin`. */
const programs = ["pulumi", "kubectl", "crane", "kubeadm", "opentofu"];
/** Artifacts that are linked as a directory. */
const directories = ["mirror", "template"];

/** @param local the checkout's `.local` */
export async function linkArtifacts(places: readonly Place[], local: string): Promise<void> {
  await mkdir(local, { recursive: true, mode: 0o700 });
  const bin = join(local, "bin");
  const plugins = join(local, "pulumi", "plugins");
  await rm(bin, { recursive: true, force: true });
  await rm(plugins, { recursive: true, force: true });
  await mkdir(bin);
  for (const {
    artifact: { name, version },
    path,
  } of places) {
    if (programs.includes(name)) {
      for (const file of await readdir(path)) await link(join(path, file), join(bin, file));
    } else if (directories.includes(name)) {
      await link(path, join(local, name));
    } else if (name.startsWith("pulumi-resource-")) {
      // The CLI ignores plugin directories that are links, but not links in them.
      const directory = join(plugins, `${name.replace("pulumi-", "")}-${version}`);
      await mkdir(directory, { recursive: true });
      await link(join(path, name), join(directory, name));
    }
  }
}

/** Creates or replaces a symbolic link atomically. */
async function link(target: string, path: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}
