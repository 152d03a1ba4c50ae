/** Downloads upstream's releases and verifies their checksums. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Failure } from "./run.ts";

/** A release file. */
export interface Release {
  /** `host/path`, without the scheme. */
  readonly address: string;
  /** In hex. */
  readonly sha256: string;
}

/** Finds out once per run which hosts can be reached. */
export class Upstream {
  readonly #fetch: typeof fetch;
  readonly #hosts = new Map<string, Promise<boolean>>();

  constructor(fetcher: typeof fetch = fetch) {
    this.#fetch = fetcher;
  }

  /** Whether the release's host serves it, within three seconds. */
  reachable(release: Release): Promise<boolean> {
    const host = release.address.slice(0, release.address.indexOf("/"));
    let answer = this.#hosts.get(host);
    if (!answer) {
      answer = this.#fetch(`https://${release.address}`, { method: "HEAD", signal: AbortSignal.timeout(3000) }).then(
        (response) => response.ok,
        () => false,
      );
      this.#hosts.set(host, answer);
    }
    return answer;
  }

  /**
   * Downloads a release into `file`.
   *
   * @throws Failure when it cannot be downloaded or its checksum is wrong; `file` is removed then
   */
  async download(release: Release, file: string): Promise<void> {
    const url = `https://${release.address}`;
    const hash = createHash("sha256");
    try {
      const response = await this.#fetch(url, { signal: AbortSignal.timeout(600_000) });
      if (!response.ok || !response.body)
        throw new Failure(`${url} answers ${response.status} ${response.statusText}.`);
      const meter = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      await pipeline(Readable.from(response.body), meter, createWriteStream(file, { mode: 0o755 }));
      const found = hash.digest("hex");
      if (found !== release.sha256) {
        throw new Failure(`${url} has the sha256 ${found}, expected ${release.sha256}: not used.`);
      }
    } catch (error) {
      await rm(file, { force: true });
      if (error instanceof Failure) throw error;
      throw new Failure(`${url} cannot be downloaded: ${(error as Error).message}`);
    }
  }
}
