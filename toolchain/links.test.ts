import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Place } from "./build.ts";
import { linkArtifacts } from "./links.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "links-"))));
afterEach(() => rm(directory, { recursive: true }));

async function place(name: string, version: string, file: string): Promise<Place> {
  const path = join(directory, "artifacts", `${name}-${version}`);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, file), `${name} ${version}`);
  return { artifact: { name, version, recipe: name, seconds: 1, disk: 1, memory: 1 }, path, there: true };
}

test("programs, plugins and directories lie where the wrappers, the CLI and the zone look", async () => {
  const local = join(directory, ".local");
  await linkArtifacts(
    [
      await place("kubectl", "v1", "kubectl"),
      await place("etcd", "v3", "etcd"),
      await place("pulumi-resource-tls", "v5.0.10", "pulumi-resource-tls"),
      await place("mirror", "v1", "SHA256SUMS"),
    ],
    local,
  );
  expect((await lstat(local)).mode & 0o777).toBe(0o700);
  expect(await readdir(join(local, "bin"))).toEqual(["kubectl"]);
  const plugin = join(local, "pulumi/plugins/resource-tls-v5.0.10");
  expect((await lstat(plugin)).isDirectory()).toBe(true);
  expect(await readFile(join(plugin, "pulumi-resource-tls"), "utf8")).toBe("pulumi-resource-tls v5.0.10");
  expect(await readlink(join(local, "mirror"))).toBe(join(directory, "artifacts/mirror-v1"));
});

test("another version takes the place of the one before", async () => {
  const local = join(directory, ".local");
  await linkArtifacts(
    [await place("pulumi-resource-tls", "v5.0.10", "pulumi-resource-tls"), await place("mirror", "v1", "a")],
    local,
  );
  await linkArtifacts(
    [await place("pulumi-resource-tls", "v5.0.11", "pulumi-resource-tls"), await place("mirror", "v2", "a")],
    local,
  );
  expect(await readdir(join(local, "pulumi/plugins"))).toEqual(["resource-tls-v5.0.11"]);
  expect(await readlink(join(local, "mirror"))).toBe(join(directory, "artifacts/mirror-v2"));
});
