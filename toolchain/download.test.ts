import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Upstream } from "./download.ts";

const content = "kubelet's bytes";
const sha256 = createHash("sha256").update(content).digest("hex");
const address = "dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "download-"))));
afterEach(() => rm(directory, { recursive: true }));

/** An upstream that answers every request the same way, and remembers them. */
function upstream(answer: () => Response): { upstream: Upstream; asked: string[] } {
  const asked: string[] = [];
  const fetcher: typeof fetch = (url, options?: RequestInit) => {
    asked.push(`${options?.method ?? "GET"} ${url as string}`);
    return Promise.resolve().then(answer);
  };
  return { upstream: new Upstream(fetcher), asked };
}

test("the right bytes arrive, executable", async () => {
  const file = join(directory, "kubelet");
  await upstream(() => new Response(content)).upstream.download({ address, sha256 }, file);
  expect(await readFile(file, "utf8")).toBe(content);
});

test("other bytes are refused and do not stay", async () => {
  const file = join(directory, "kubelet");
  const download = upstream(() => new Response("<html>Sign in to the network")).upstream.download(
    { address, sha256 },
    file,
  );
  await expect(download).rejects.toThrow(`expected ${sha256}: not used`);
  expect(existsSync(file)).toBe(false);
});

test("an error page is no release", async () => {
  const file = join(directory, "kubelet");
  const download = upstream(() => new Response("", { status: 404, statusText: "Not Found" })).upstream.download(
    { address, sha256 },
    file,
  );
  await expect(download).rejects.toThrow(`https://${address} answers 404 Not Found.`);
});

test("a host is asked once whether it can be reached", async () => {
  const { upstream: reachable, asked } = upstream(() => new Response(null));
  expect(await reachable.reachable({ address, sha256 })).toBe(true);
  expect(await reachable.reachable({ address: address.replace("kubelet", "kubectl"), sha256 })).toBe(true);
  expect(asked).toEqual([`HEAD https://${address}`]);

  const { upstream: silent } = upstream(() => {
    throw new Error("timed out");
  });
  expect(await silent.reachable({ address, sha256 })).toBe(false);
});
