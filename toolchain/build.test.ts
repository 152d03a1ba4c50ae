import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Artifact } from "./artifacts.ts";
import { Builder } from "./build.ts";
import { Cache } from "./cache.ts";
import { Upstream } from "./download.ts";
import { Progress } from "./progress.ts";

let root: string;
let cache: Cache;
let lines: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "build-"));
  cache = new Cache(join(root, "cache"));
  lines = [];
});
afterEach(() => rm(root, { recursive: true }));

const figures = { seconds: 1, disk: 1, memory: 1 };
const nothing: typeof fetch = () => Promise.reject(new Error("no network"));

/** An artifact whose recipe is one script. */
async function artifact(name: string, script: string, more: Partial<Artifact> = {}): Promise<Artifact> {
  await mkdir(join(root, name), { recursive: true });
  await writeFile(join(root, name, "build.sh"), script);
  await chmod(join(root, name, "build.sh"), 0o755);
  return { name, version: "v1", recipe: name, ...figures, ...more };
}

const builder = (artifacts: Artifact[], options: { fetcher?: typeof fetch; go?: string } = {}) =>
  new Builder({
    root,
    cache,
    artifacts,
    goVersion: options.go ?? "go1.26.8",
    upstream: new Upstream(options.fetcher ?? nothing),
  });

async function makeAll(of: Builder, names: string[]): Promise<void> {
  const progress = new Progress(names.length, (text) => lines.push(text));
  for (const place of await of.plan(names)) if (!place.there) await of.make(place, progress);
}

const missing = async (of: Builder, names: string[]) =>
  (await of.plan(names)).filter(({ there }) => !there).map((place) => place.artifact.name);

test("a recipe gets version, arguments and its needs' programs, and is not run again", async () => {
  const tool = await artifact("tool", `printf 'echo tool' >"$OUT/tool"`);
  const product = await artifact("product", `echo "$VERSION $1 $(sh "$BIN/tool")" >"$OUT/product"`, {
    needs: ["tool"],
    arguments: ["one"],
  });
  const of = builder([tool, product]);
  expect(await missing(of, ["product"])).toEqual(["tool", "product"]);
  await makeAll(of, ["product"]);
  const [place] = await builder([tool, product]).plan(["product"]);
  expect(place).toMatchObject({ there: true, artifact: { name: "product" } });
  expect(await readFile(join(place!.path, "product"), "utf8")).toBe("v1 one tool\n");
});

test("another recipe, Go version or need's recipe makes another artifact", async () => {
  const tool = await artifact("tool", `touch "$OUT/tool"`);
  const product = await artifact("product", `touch "$OUT/product"`, { needs: ["tool"] });
  const names = ["tool", "product"];
  await makeAll(builder([tool, product]), names);
  expect(await missing(builder([tool, product]), names)).toEqual([]);
  expect(await missing(builder([tool, product], { go: "go1.27.0" }), names)).toEqual(names);
  await artifact("tool", `touch "$OUT/tool" # changed`);
  expect(await missing(builder([tool, product]), names)).toEqual(names);
});

test("a failing recipe shows the end of its log and leaves no artifact", async () => {
  const broken = await artifact("broken", `echo half >"$OUT/broken"; echo "kubelet.go:7: undefined" >&2; exit 3`);
  const of = builder([broken]);
  await expect(makeAll(of, ["broken"])).rejects.toThrow(
    /exit code 3\):\n {2}kubelet.go:7: undefined\nThe whole log: .*broken.log/,
  );
  expect(await missing(of, ["broken"])).toEqual(["broken"]);
});

test("a build whose recipe lacks a module's sum is not kept", async () => {
  const sum = "example.com/dep v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const open = await artifact("open", `touch "$OUT/open"; echo "${sum}" >>sub/go.sum`);
  await mkdir(join(root, "open/sub"));
  await writeFile(join(root, "open/sub/go.mod"), "module open\n");
  const of = builder([open]);
  await expect(makeAll(of, ["open"])).rejects.toThrow(
    `The build of open uses modules that the recipe does not pin, and is not kept. Add these lines to its go.sum if they are right:\n  sub/go.sum: ${sum}`,
  );
  expect(await missing(of, ["open"])).toEqual(["open"]);
  // A source that the build copies is pinned as a whole.
  await artifact("open", `touch "$OUT/open"; mkdir src; touch src/go.mod; echo "${sum}" >src/go.sum`);
  await makeAll(of, ["open"]);
});

test("upstream's release is taken where it can be reached", async () => {
  const release = { address: "dl.k8s.io/kubelet", sha256: createHash("sha256").update("upstream's").digest("hex") };
  const kubelet = await artifact("kubelet", "exit 1", { release });
  const of = builder([kubelet], { fetcher: () => Promise.resolve(new Response("upstream's")) });
  await makeAll(of, ["kubelet"]);
  const [place] = await of.plan(["kubelet"]);
  expect(await readFile(join(place!.path, "kubelet"), "utf8")).toBe("upstream's");
});

test("a release with the wrong sum is not used: it is said, and the recipe runs", async () => {
  const kubelet = await artifact("kubelet", `printf built >"$OUT/kubelet"`, {
    release: { address: "dl.k8s.io/kubelet", sha256: "0".repeat(64) },
  });
  const of = builder([kubelet], { fetcher: () => Promise.resolve(new Response("tampered")) });
  await makeAll(of, ["kubelet"]);
  const [place] = await of.plan(["kubelet"]);
  expect(await readFile(join(place!.path, "kubelet"), "utf8")).toBe("built");
  expect(lines.join("")).toContain("not used. kubelet is built instead.");
});
