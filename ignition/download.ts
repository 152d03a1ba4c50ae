/** What nodes download: where from, and how it is verified or trusted. */
import { files, images, type FileName } from "../versions.ts";
import type { File } from "./cloudconfig.ts";
import { plain, RUN } from "./file.ts";
import { fill } from "./template.ts";
import type { Mirror } from "./types.ts";

/**
 * A file's URL and its sha256 in hex.
 *
 * @throws Error if neither versions.ts nor the mirror's manifest has the checksum
 */
export function download(name: FileName, mirror: Mirror): { url: string; sha256: string } {
  const file = files[name];
  const sha256 = mirror.checksums ? mirror.checksums[file.address] : file.sha256;
  if (!sha256) {
    throw new Error(`no sha256 of ${file.address}: the manifest that mirror.checksums names has no line for it`);
  }
  return { url: `${mirror.files ?? "https:/"}/${file.address}`, sha256 };
}

/** Where bin/fetch and containerd look for the mirror's CA. */
const MIRROR_CA = "mirror-ca.crt";

/** The mirror's CA, if it has one of its own. */
export const mirrorCA = ({ ca }: Mirror): File[] => (ca ? [plain(MIRROR_CA, ca)] : []);

/** containerd's mirror of every registry that the cluster's own images come from. */
export function registries(mirror: Mirror): File[] {
  if (!mirror.registries) return [];
  const ca = mirror.ca ? `  ca = "${RUN}/${MIRROR_CA}"` : "";
  const names = [...new Set(Object.values(images).map((image) => image.slice(0, image.indexOf("/"))))];
  return names.map((registry) => {
    const server = `https://${registry === "docker.io" ? "registry-1.docker.io" : registry}`;
    return plain(
      `registries/${registry}/hosts.toml`,
      fill("node/hosts.toml", { server, mirror: mirror.registries!, registry, ca }),
    );
  });
}
