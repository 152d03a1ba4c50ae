/** Files that settings name by paths relative to the project's directory. */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Mirror } from "./ignition/types.ts";
import { files } from "./versions.ts";

/** Something wrong with the configuration. */
export interface Problem {
  /** The setting, as `pulumi config set --path` writes it. */
  readonly where: string;
  /** What is wrong with it. */
  readonly what: string;
}

/** What is wrong with files that settings name. */
export class FileProblems extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ where, what }) => `${where}: ${what}`).join("\n"));
    this.problems = problems;
  }
}

/** The setting `mirror`: `ca` and `checksums` are paths. */
interface MirrorSetting extends Omit<Mirror, "ca" | "checksums"> {
  readonly ca?: string;
  readonly checksums?: string;
}

/**
 * The mirror with the content of the files that the setting names.
 * @throws FileProblems where a file cannot be read or lacks what nodes need
 */
export function readMirror(mirror: MirrorSetting, directory: string): Mirror {
  const { ca, checksums, ...addresses } = mirror;
  const pem = ca && readText("mirror.ca", ca, directory);
  if (pem && !pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new FileProblems([{ where: "mirror.ca", what: `${ca} holds no PEM certificate` }]);
  const sums = checksums && sumsIn(readText("mirror.checksums", checksums, directory), 64);
  if (sums) {
    const missing = Object.values(files).filter(({ address }) => !sums[address]);
    if (missing.length > 0) {
      throw new FileProblems(
        missing.map(({ address }) => ({
          where: "mirror.checksums",
          what: `${checksums} has no sha256 of ${address}`,
        })),
      );
    }
  }
  return {
    ...addresses,
    ...(pem && { ca: pem }),
    ...(sums && {
      checksums: Object.fromEntries(Object.values(files).map(({ address }) => [address, sums[address]!])),
    }),
  };
}

/**
 * The template's MD5 in hex: the setting itself, or the image's line in the file that it names.
 * @throws FileProblems where there is no such file or line
 */
export function readChecksum({ url, checksum }: { url: string; checksum: string }, directory: string): string {
  if (/^[0-9a-f]{32}$/.test(checksum)) return checksum;
  const image = basename(new URL(url).pathname);
  const sum = sumsIn(readText("template.checksum", checksum, directory), 32)[image];
  if (!sum) throw new FileProblems([{ where: "template.checksum", what: `${checksum} has no MD5 of ${image}` }]);
  return sum;
}

/** Checksums with that many hex digits by file name, from the output of md5sum(1) or sha256sum(1) or from Flatcar's DIGESTS. */
function sumsIn(manifest: string, digits: number): Record<string, string> {
  const lines = manifest.matchAll(new RegExp(`^([0-9a-f]{${digits}}) [ *](?:\\./)?(\\S+)$`, "gm"));
  return Object.fromEntries([...lines].map(([, sum, name]) => [name!, sum!]));
}

function readText(where: string, file: string, directory: string): string {
  try {
    return readFileSync(resolve(directory, file), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FileProblems([{ where, what: `${resolve(directory, file)} cannot be read: ${code}` }]);
  }
}
