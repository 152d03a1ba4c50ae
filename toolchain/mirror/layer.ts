/** Image layers as tar archives. The same files give the same bytes. */
import { chmod, copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { output, run } from "../run.ts";
import type { Base, Program } from "./images.ts";

/** Removed from every base: nothing of it is needed to run a program. */
const removed = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/locale",
  "usr/share/lintian",
  "usr/share/bash-completion",
  "var/lib/apt",
  "var/lib/dpkg",
  "var/cache",
  "var/log",
  "etc/apt",
  "dev",
];

/**
 * Packs a directory.
 *
 * @returns the archive's path, next to the directory
 */
async function pack(directory: string): Promise<string> {
  const archive = `${directory}.tar`;
  await output("tar", [
    "--create",
    "--file",
    archive,
    "--directory",
    directory,
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--format=gnu",
    ".",
  ]);
  return archive;
}

/** A layer of static programs and the few files that such a program may look for. */
export async function programsLayer(
  directory: string,
  programs: readonly Program[],
  artifact: (name: string) => string,
): Promise<string> {
  await mkdir(join(directory, "etc"), { recursive: true });
  await mkdir(join(directory, "tmp"));
  await chmod(join(directory, "tmp"), 0o1777);
  await writeFile(join(directory, "etc/passwd"), "root:x:0:0:root:/root:/sbin/nologin\n");
  await writeFile(join(directory, "etc/group"), "root:x:0:\n");
  await writeFile(join(directory, "etc/nsswitch.conf"), "hosts: files dns\n");
  for (const program of programs) {
    const to = join(directory, program.path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(artifact(program.artifact), program.file), to);
    await chmod(to, 0o755);
  }
  return pack(directory);
}

/** A layer of Debian packages with their dependencies, unpacked but not configured. */
export async function debianLayer(directory: string, base: Base, log: string): Promise<string> {
  await run(
    "mmdebstrap",
    ["--variant=extract", "--architectures=amd64", `--include=${base.packages.join(",")}`, base.release, directory],
    { log, env: { SOURCE_DATE_EPOCH: "0" } },
  );
  for (const path of removed) await rm(join(directory, path), { recursive: true, force: true });
  for (const [path, target] of Object.entries(base.links ?? {})) await symlink(target, join(directory, path));
  if (base.setup) await output("chroot", [directory, ...base.setup]);
  return pack(directory);
}
