/** Obtains what the local zone needs: Debian packages, the artifacts, links to them. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { artifacts, bench, node } from "./artifacts.ts";
import { Builder, goVersion, type Place } from "./build.ts";
import { Cache, diskUse } from "./cache.ts";
import { installPackages, missingPackages, packages } from "./debian.ts";
import { linkArtifacts } from "./links.ts";
import { withLock } from "./lock.ts";
import { build, cache as cacheDirectory, local, root } from "./paths.ts";
import { Progress, size } from "./progress.ts";
import { checkSpace, measure } from "./space.ts";

/** The user's own Pulumi CLI, which downloads its plugins itself. */
function ownPulumi(path = process.env["PATH"] ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory !== "" && directory !== join(local, "bin"))
    .map((directory) => join(directory, "pulumi"))
    .find((file) => existsSync(file));
}

/** What only some callers need. */
export interface More {
  /** Debian packages, as in `packages`. */
  readonly debian?: Readonly<Record<string, string>>;
  /** Of the catalogue's `bench`, by name. */
  readonly bench?: readonly string[];
  /** Where progress is printed. @default standard output */
  readonly out?: NodeJS.WritableStream;
}

/**
 * Obtains what is missing.
 *
 * @param steps number of steps that follow in the caller
 * @returns the progress for them
 */
export async function prepare(steps: number, more: More = {}): Promise<Progress> {
  const cache = new Cache(cacheDirectory);
  const { out = process.stdout } = more;
  const say = (text: string) => void out.write(`${text}\n`);
  return withLock(
    join(cache.root, "lock"),
    () => say("Another run is obtaining programs; waiting for it to end."),
    async () => {
      await cache.sweep();
      const builder = new Builder({ root, cache, artifacts: [...artifacts, ...bench], goVersion: await goVersion() });
      const own = ownPulumi();
      if (own) say(`Using your own Pulumi CLI, ${own}; it downloads its plugins itself.`);
      const names = [...(own ? node : artifacts).map(({ name }) => name), ...(more.bench ?? [])];
      const places = await builder.plan(names);
      const missing = places.filter(({ there }) => !there);
      const debian = missingPackages({ ...packages, ...more.debian });

      const progress = new Progress(
        (debian.length > 0 ? 1 : 0) + missing.length + steps,
        (text) => void out.write(text),
      );
      if (debian.length > 0) {
        say(`These Debian packages are missing and will be installed: ${debian.join(" ")}.`);
        await progress.step("Debian packages", () => installPackages(debian, join(cache.root, "logs", "apt.log")));
      }
      if (missing.length > 0) {
        say(await announcement(missing, places.length));
        for (const place of missing) await builder.make(place, progress);
      }
      const dropped = await builder.dropBuildCaches();
      if (dropped > 0) say(`Removed the build caches (${size(dropped)}); the results stay in ${cache.root}.`);
      const made = (await builder.plan(names)).filter(({ artifact }) => names.includes(artifact.name));
      await cache.prune(made.map(({ path }) => path));
      await linkArtifacts(made, local);
      return progress;
    },
  );
}

/** Says what will be built. @throws Failure when disk or memory do not suffice */
async function announcement(missing: readonly Place[], total: number): Promise<string> {
  const have = await measure(cacheDirectory);
  const used = existsSync(build) ? await diskUse(build) : 0;
  const need = {
    disk: Math.max(missing.reduce((sum, { artifact }) => sum + artifact.disk * 1e9, 0) - used, 0),
    memory: Math.max(...missing.map(({ artifact }) => artifact.memory * 1e9)),
  };
  checkSpace(need, have, cacheDirectory);
  const minutes = Math.ceil(missing.reduce((sum, { artifact }) => sum + artifact.seconds, 0) / 60);
  return (
    `${missing.length} of ${total} programs and images are missing. Building all of them takes up to ${minutes} ` +
    `minute${minutes === 1 ? "" : "s"} on two cores` +
    `${need.disk > 0 ? ` and, for a while, up to ${size(need.disk)} of disk` : ""}; an interrupted run can be continued.`
  );
}
