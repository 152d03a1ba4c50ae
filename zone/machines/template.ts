/** Templates: the archive of a root file system becomes an image of the engine. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import got from "got";
import { labels } from "./container.ts";
import type { Context } from "./context.ts";

/** The image of a template. */
export const imageName = (template: { readonly id: string }): string => `exozone-template:${template.id}`;

/**
 * Downloads an archive (tar, plain or compressed) and imports it while it arrives as the template's image. Keeps nothing
 * if the MD5 differs.
 *
 * @param md5 32 hex digits
 * @param ca path of a certificate authority (PEM) to trust in addition to the public ones; read at each call, because it
 *   may have been created after the machines were opened
 * @returns the image's size in bytes
 * @throws Error if the download fails, the MD5 differs, or the archive has no init
 */
export async function importTemplate(
  { docker, settings: { zone } }: Context,
  template: { readonly id: string },
  url: string,
  md5: string,
  ca?: string,
): Promise<number> {
  const abort = new AbortController();
  const hash = createHash("md5");
  const body = new PassThrough().on("data", (chunk: Buffer) => hash.update(chunk)).pause();
  const downloaded = pipeline(await download(url, ca), body).catch((cause: Error) => {
    abort.abort();
    throw new Error(`template ${url} cannot be downloaded: ${cause.message}`, { cause });
  });
  const imported = importImage(docker, body, zone, abort.signal).catch((cause: Error) => {
    body.destroy();
    throw new Error(`template ${url} is not a tar archive of a root file system: ${cause.message}`, { cause });
  });
  // Each failure causes the other: the first one is the reason.
  const [id] = await Promise.all([imported, downloaded]);
  const image = docker.getImage(id);
  const digest = hash.digest("hex");
  if (digest !== md5.toLowerCase()) {
    await image.remove({ force: true });
    throw new Error(`template ${url} has MD5 ${digest}, not ${md5}: the file or the checksum is another version's`);
  }
  await requireInit(docker, zone, id).catch(async (cause: Error) => {
    await image.remove({ force: true });
    throw new Error(`template ${url} cannot boot: ${cause.message}`, { cause });
  });
  const [repo = "", tag = ""] = imageName(template).split(":");
  await image.tag({ repo, tag });
  return (await image.inspect()).Size;
}

/** Refuses archives of images (`docker save`, an OCI layout), which contain files, too, but none that boot. */
async function requireInit(docker: Docker, zone: string, image: string): Promise<void> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ["/sbin/init"],
    NetworkDisabled: true,
    Labels: { [labels.zone]: zone },
  });
  try {
    for (const path of ["/bin/sh", "/sbin/init"]) {
      await container.infoArchive({ path }).catch((cause: { statusCode?: number }) => {
        if (cause.statusCode !== 404) throw cause;
        throw new Error(
          `it has no ${path}; a template is a tar archive of a root file system, as \`docker export\` or mmdebstrap make it`,
          { cause },
        );
      });
    }
  } finally {
    await container.remove({ force: true });
  }
}

async function download(url: string, ca?: string): Promise<Readable> {
  if (url.startsWith("file://")) return createReadStream(fileURLToPath(url));
  return got.stream(url, {
    https: ca === undefined ? {} : { certificateAuthority: [...rootCertificates, await readFile(ca, "utf8")] },
    // No timeout for the whole download, which takes as long as the link needs, but for a link that is silent.
    timeout: { connect: 10_000, response: 30_000, socket: 60_000 },
  });
}

/** @returns the new image's id, which the engine names in the last line of its progress. */
async function importImage(docker: Docker, body: Readable, zone: string, abortSignal: AbortSignal): Promise<string> {
  const progress = await docker.importImage(body, { changes: [`LABEL ${labels.zone}=${zone}`], abortSignal });
  const events = await new Promise<{ status?: string; error?: string }[]>((resolve, reject) =>
    docker.modem.followProgress(progress, (error: Error | null, all: object[]) =>
      error ? reject(error) : resolve(all),
    ),
  );
  const failed = events.find(({ error }) => error !== undefined);
  const id = events.at(-1)?.status;
  if (failed || !id?.startsWith("sha256:")) throw new Error(failed?.error ?? "the engine did not name the image");
  return id;
}
