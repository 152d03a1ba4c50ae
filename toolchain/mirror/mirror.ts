/**
 * The mirror: upstream's files and images under upstream's names, for nodes that cannot or should not reach upstream.
 *
 *     files/HOST/PATH    what versions.ts calls `host/path`
 *     registry/          docker-registry's storage, images under HOST/PATH:TAG
 *     SHA256SUMS         `<sha256>  HOST/PATH` per file
 */
import { link, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileName, files, type ImageName, images } from "../../versions.ts";
import { hashFile } from "../cache.ts";
import { output } from "../run.ts";
import { bases, contents, extras } from "./images.ts";
import { debianLayer, programsLayer } from "./layer.ts";
import { withRegistry } from "./registry.ts";

/** What an artifact's `make` is given. */
export interface Making {
  /** Directory to fill. */
  readonly out: string;
  /** Directory for temporary files. */
  readonly scratch: string;
  /** Directories of the artifacts it needs, by name. */
  readonly needs: ReadonlyMap<string, string>;
  readonly log: string;
}

/** The artifact that contains each file that nodes download. */
const sources: Record<FileName, string> = { kubelet: "kubelet", kubectl: "kubectl", cniPlugins: "cni-plugins" };

/** Fills a mirror with everything in versions.ts and the extra images. */
export async function makeMirror({ out, scratch, needs, log }: Making): Promise<void> {
  const need = (name: string) => needs.get(name)!;
  const sums: string[] = [];
  for (const [name, { address }] of Object.entries(files)) {
    const from = join(need(sources[name as FileName]), basename(address));
    const to = join(out, "files", address);
    await mkdir(dirname(to), { recursive: true });
    await link(from, to);
    sums.push(`${await hashFile(from)}  ${address}\n`);
  }
  await writeFile(join(out, "SHA256SUMS"), sums.sort().join(""));

  const layers = new Map<string, string>();
  for (const [base, description] of Object.entries(bases)) {
    layers.set(base, await debianLayer(join(scratch, base), description, log));
  }
  await withRegistry(join(out, "registry"), scratch, async (registry) => {
    const crane = (...args: string[]) => output(join(need("crane"), "crane"), ["--insecure", ...args]);
    const all = {
      ...Object.fromEntries(Object.entries(images).map(([name, image]) => [image, contents[name as ImageName]])),
      ...extras,
    };
    for (const [image, content] of Object.entries(all)) {
      const own =
        content.programs &&
        (await programsLayer(join(scratch, image.replaceAll(/[/:]/g, "-")), content.programs, need));
      const base = content.base && layers.get(content.base);
      const reference = `${registry}/${image}`;
      await crane(
        "append",
        "--new_tag",
        reference,
        ...[base, own].filter((layer) => layer !== undefined).flatMap((layer) => ["--new_layer", layer]),
      );
      await crane(
        "mutate",
        reference,
        "--tag",
        reference,
        "--set-platform",
        "linux/amd64",
        "--env",
        `PATH=${content.path}`,
        ...(content.entrypoint ? ["--entrypoint", content.entrypoint] : []),
        ...(content.command ? ["--cmd", content.command] : []),
      );
    }
  });
}
