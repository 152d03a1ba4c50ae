import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Cache, hashTree, keyOf } from "./cache.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "cache-"))));
afterEach(() => rm(directory, { recursive: true }));

test("the hash of a recipe changes with content, name, mode and link, not with tests", async () => {
  const recipe = join(directory, "recipe");
  await mkdir(join(recipe, "deep"), { recursive: true });
  await writeFile(join(recipe, "build.sh"), "go build");
  const seen = new Set<string>();
  const changed = async () => {
    const hash = await hashTree(recipe);
    expect(seen).not.toContain(hash);
    seen.add(hash);
  };
  await changed();
  await writeFile(join(recipe, "build.sh"), "go build -v");
  await changed();
  await chmod(join(recipe, "build.sh"), 0o755);
  await changed();
  await writeFile(join(recipe, "deep", "go.mod"), "");
  await changed();
  await symlink("go.mod", join(recipe, "deep", "link"));
  await changed();

  await writeFile(join(recipe, "build.test.ts"), "");
  expect(seen).toContain(await hashTree(recipe));
});

test("a key follows from its parts alone", () => {
  expect(keyOf({ go: "go1.26.8", recipe: "a" })).toBe(keyOf({ go: "go1.26.8", recipe: "a" }));
  expect(keyOf({ go: "go1.26.9", recipe: "a" })).not.toBe(keyOf({ go: "go1.26.8", recipe: "a" }));
  expect(keyOf({})).toMatch(/^[0-9a-f]{12}$/);
});

test("an artifact appears when it is complete", async () => {
  const cache = new Cache(directory);
  const path = cache.path("etcd", "v3.6.16", "0123456789ab");
  await cache.put(path, async (out) => {
    await writeFile(join(out, "etcd"), "");
    expect(cache.has(path)).toBe(false);
  });
  expect(await readdir(path)).toEqual(["etcd"]);
});

test("a build that fails leaves nothing", async () => {
  const cache = new Cache(directory);
  const path = cache.path("etcd", "v3.6.16", "0123456789ab");
  const failed = cache.put(path, async (out) => {
    await writeFile(join(out, "etcd"), "half");
    throw new Error("no memory");
  });
  await expect(failed).rejects.toThrow("no memory");
  expect(cache.has(path)).toBe(false);
  expect(await readdir(join(directory, "partial"))).toEqual([]);
});

test("what a killed run left half done is swept away", async () => {
  const cache = new Cache(directory);
  await mkdir(join(directory, "partial", "killed"), { recursive: true });
  await cache.sweep();
  expect(await readdir(directory)).toEqual([]);
});

test("an artifact that nobody used for two weeks goes", async () => {
  const cache = new Cache(directory);
  const [old, used] = [cache.path("etcd", "v3.6.15", "0"), cache.path("etcd", "v3.6.16", "1")];
  for (const path of [old, used]) await cache.put(path, (out) => writeFile(join(out, "etcd"), ""));
  const days = (count: number) => new Date(Date.now() + count * 24 * 3600 * 1000);
  await cache.prune([used], days(13));
  expect([cache.has(old), cache.has(used)]).toEqual([true, true]);
  await cache.prune([used], days(15));
  expect([cache.has(old), cache.has(used)]).toEqual([false, true]);
});
