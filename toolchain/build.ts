/** Makes what the catalogue has and the cache lacks: downloads upstream's release, or builds from Go modules. */
import { cp, mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import type { Artifact } from "./artifacts.ts";
import { Cache, diskUse, hashFile, hashTree, keyOf } from "./cache.ts";
import { Upstream } from "./download.ts";
import type { Progress } from "./progress.ts";
import { size } from "./progress.ts";
import { checkInterrupted, Failure, output, run } from "./run.ts";

/** An artifact with its place in the cache. */
export interface Place {
  readonly artifact: Artifact;
  readonly path: string;
  readonly there: boolean;
}

export interface BuilderOptions {
  /** The checkout that recipes are read from. */
  readonly root: string;
  readonly cache: Cache;
  readonly artifacts: readonly Artifact[];
  readonly upstream?: Upstream;
  /** As `go env GOVERSION` prints it. */
  readonly goVersion: string;
}

/** Go's caches and scratch copies of recipes; removed when nothing is missing. */
const buildDirectory = (cache: Cache) => join(cache.root, "build");

export class Builder {
  readonly #options: BuilderOptions;
  readonly #upstream: Upstream;
  readonly #keys = new Map<string, Promise<string>>();

  constructor(options: BuilderOptions) {
    this.#options = options;
    this.#upstream = options.upstream ?? new Upstream();
  }

  #artifact(name: string): Artifact {
    const found = this.#options.artifacts.find((artifact) => artifact.name === name);
    if (!found) throw new Error(`no artifact ${name} in the catalogue`);
    return found;
  }

  #key(artifact: Artifact): Promise<string> {
    let key = this.#keys.get(artifact.name);
    if (!key) {
      key = this.#hash(artifact);
      this.#keys.set(artifact.name, key);
    }
    return key;
  }

  async #hash(artifact: Artifact): Promise<string> {
    const { root, goVersion } = this.#options;
    return keyOf({
      go: goVersion,
      recipe: await hashTree(join(root, artifact.recipe)),
      shared: await Promise.all((artifact.shared ?? []).map((file) => hashFile(join(root, file)))),
      arguments: artifact.arguments,
      script: artifact.script,
      values: artifact.values,
      release: artifact.release,
      needs: await Promise.all((artifact.needs ?? []).map((name) => this.#key(this.#artifact(name)))),
    });
  }

  async #place(artifact: Artifact): Promise<Place> {
    const { cache } = this.#options;
    const path = cache.path(artifact.name, artifact.version, await this.#key(artifact));
    return { artifact, path, there: cache.has(path) };
  }

  /** The named artifacts and what they need, in build order. */
  async plan(names: readonly string[]): Promise<Place[]> {
    const wanted = new Map<string, Place>();
    const visit = async (name: string): Promise<void> => {
      if (wanted.has(name)) return;
      const place = await this.#place(this.#artifact(name));
      if (!place.there) for (const need of place.artifact.needs ?? []) await visit(need);
      wanted.set(name, place);
    };
    for (const { name } of this.#options.artifacts) if (names.includes(name)) await visit(name);
    return [...wanted.values()];
  }

  /** Makes one artifact. What it needs has been made before. */
  async make({ artifact, path }: Place, progress: Progress): Promise<void> {
    const { cache } = this.#options;
    await progress.step(
      `${artifact.name} ${artifact.version}`,
      async () => {
        await cache.put(path, async (out) => {
          if (!(await this.#download(artifact, out, progress))) await this.#build(artifact, out);
        });
        checkInterrupted();
        return diskUse(path);
      },
      { summary: size },
    );
  }

  /** @returns whether upstream's release was downloaded into `out` */
  async #download({ name, release }: Artifact, out: string, progress: Progress): Promise<boolean> {
    if (!release || !(await this.#upstream.reachable(release))) return false;
    try {
      await this.#upstream.download(release, join(out, basename(release.address)));
      return true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      progress.note(`${error.message} ${name} is built instead.`);
      return false;
    }
  }

  async #build(artifact: Artifact, out: string): Promise<void> {
    const { root, cache } = this.#options;
    const scratch = join(buildDirectory(cache), "scratch", artifact.name);
    const log = join(cache.root, "logs", `${artifact.name}.log`);
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    try {
      const needs = new Map<string, string>();
      for (const name of artifact.needs ?? []) needs.set(name, (await this.#place(this.#artifact(name))).path);
      if (artifact.make) return await artifact.make({ out, scratch, needs, log });

      const recipe = join(scratch, "recipe");
      const bin = join(scratch, "bin");
      await cp(join(root, artifact.recipe), recipe, { recursive: true });
      for (const file of artifact.shared ?? []) await cp(join(root, file), join(recipe, basename(file)));
      await mkdir(bin);
      for (const directory of needs.values()) {
        for (const file of await readdir(directory)) await symlink(join(directory, file), join(bin, file));
      }
      const env = { ...goEnvironment(cache), OUT: out, BIN: bin, VERSION: artifact.version };
      const script = artifact.script ? ["-euc", artifact.script] : ["build.sh", ...(artifact.arguments ?? [])];
      const sums = await goSumsOf(recipe);
      const before = await linesOf(recipe, sums);
      await run("sh", script, { cwd: recipe, env, log });
      const added = [...(await linesOf(recipe, sums))].filter((line) => !before.has(line));
      if (added.length > 0) {
        throw new Failure(
          `The build of ${artifact.recipe} uses modules that the recipe does not pin, and is not kept. ` +
            `Add these lines to its go.sum if they are right:\n${added.map((line) => `  ${line}`).join("\n")}`,
        );
      }
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Removes Go's caches: 20 GB that only the next change of a version needs. @returns bytes freed */
  async dropBuildCaches(): Promise<number> {
    const directory = buildDirectory(this.#options.cache);
    const bytes = this.#options.cache.has(directory) ? await diskUse(directory) : 0;
    await rm(directory, { recursive: true, force: true });
    return bytes;
  }
}

/** Where the recipe's own modules have their go.sum, if they need one; not those of sources that a build copies there. */
async function goSumsOf(recipe: string): Promise<string[]> {
  const files = await readdir(recipe, { recursive: true });
  return files.filter((file) => basename(file) === "go.mod").map((file) => join(dirname(file), "go.sum"));
}

/** Each line with its file. */
async function linesOf(recipe: string, files: readonly string[]): Promise<Set<string>> {
  const texts = await Promise.all(files.map((file) => readFile(join(recipe, file), "utf8").catch(() => "")));
  return new Set(
    texts.flatMap((text, index) =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => `${files[index]}: ${line}`),
    ),
  );
}

/**
 * What recipes add to the environment: Go caches of their own, and the settings that they are written for.
 *
 * go.sum and `source_of` of recipes/source.sh verify every module, whatever the user has set. So a checksum database, which
 * cannot be reached everywhere, would have nothing to say; where modules come from (GOPROXY) is the user's choice.
 */
function goEnvironment(cache: Cache): NodeJS.ProcessEnv {
  return {
    PATH: [join(process.execPath, ".."), process.env["PATH"]].join(delimiter),
    GOCACHE: join(buildDirectory(cache), "go-build"),
    GOMODCACHE: join(buildDirectory(cache), "go-mod"),
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOSUMDB: "off",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOOS: "linux",
    GOARCH: "amd64",
    CGO_ENABLED: "0",
  };
}

/** For example `go1.26.8`. @throws Failure if Go is not installed */
export async function goVersion(): Promise<string> {
  return (await output("go", ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local" } })).trim();
}
