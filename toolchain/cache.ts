/** The cache of artifacts: named after what they were made from, and either complete or absent. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, utimes } from "node:fs/promises";
import { join, relative } from "node:path";
import { output } from "./run.ts";

/**
 * The hash of a directory without its tests: paths, contents, and whether a file is executable.
 *
 * @returns sha256 in hex
 */
export async function hashTree(directory: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const status = await lstat(file);
    const kind = status.isSymbolicLink() ? "link" : (status.mode & 0o100) !== 0 ? "program" : "file";
    const content = status.isSymbolicLink() ? Buffer.from(await readlink(file)) : await readFile(file);
    hash.update(`${relative(directory, file)}\0${kind}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @returns a file's sha256 in hex */
export async function hashFile(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

/**
 * The short hash in an artifact's directory name.
 *
 * @param parts any JSON value; the order of an object's fields matters
 * @returns 12 hex digits
 */
export function keyOf(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}

/** Directories `artifacts/NAME-VERSION-KEY` under one root. */
export class Cache {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Where an artifact is, once it has been made. */
  path(name: string, version: string, key: string): string {
    return join(this.root, "artifacts", `${name}-${version}-${key}`);
  }

  has(path: string): boolean {
    return existsSync(path);
  }

  /**
   * Fills a directory and moves it to `path` once it is complete and on disk, so that an interrupted run leaves nothing
   * that looks like an artifact.
   */
  async put(path: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const partial = join(this.root, "partial", randomUUID());
    await mkdir(partial, { recursive: true });
    try {
      await fill(partial);
      await output("sync", ["--file-system", partial]);
      await mkdir(join(path, ".."), { recursive: true });
      await rename(partial, path);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  /**
   * Marks artifacts as used now, and removes those that were not used for two weeks: earlier versions and recipes.
   */
  async prune(used: readonly string[], now = new Date()): Promise<void> {
    for (const path of used) await utimes(path, now, now);
    const all = join(this.root, "artifacts");
    for (const name of await readdir(all)) {
      const { mtime } = await lstat(join(all, name));
      if (now.getTime() - mtime.getTime() > 14 * 24 * 3600 * 1000)
        await rm(join(all, name), { recursive: true, force: true });
    }
  }

  /** Removes what interrupted runs left. Only the holder of the lock may call it. */
  async sweep(): Promise<void> {
    await rm(join(this.root, "partial"), { recursive: true, force: true });
  }
}

/** Bytes that a directory occupies; hard links count once. */
export async function diskUse(directory: string): Promise<number> {
  const [bytes] = (await output("du", ["--summarize", "--block-size=1", directory])).split("\t");
  return Number(bytes);
}
