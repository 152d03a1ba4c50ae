/** Recipes and Go itself, which fetches modules from a directory. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Builder, goVersion } from "./build.ts";
import { Cache } from "./cache.ts";
import { Progress } from "./progress.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "build-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

const module = "example.com/dep";
const recipe = {
  "build.sh": `go list -m all >"$OUT/modules"`,
  "go.mod": `module recipe\n\ngo 1.24\n\nrequire ${module} v1.0.0\n`,
};
const proxy = {
  [`${module}/@v/v1.0.0.mod`]: `module ${module}\n`,
  [`${module}/@v/v1.0.0.info`]: `{"Version":"v1.0.0"}`,
};

async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, directory, name);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, text);
  }
}

async function build(): Promise<void> {
  const artifact = { name: "tool", version: "v1", recipe: "recipe", seconds: 1, disk: 1, memory: 1 };
  const of = new Builder({
    root,
    cache: new Cache(join(root, "cache")),
    artifacts: [artifact],
    goVersion: await goVersion(),
  });
  for (const place of await of.plan(["tool"])) await of.make(place, new Progress(1, () => {}));
}

test("a module that go.sum lacks fails the build, whatever the environment says of checksums", async () => {
  await write("recipe", recipe);
  await write("proxy", proxy);
  vi.stubEnv("GOPROXY", `file://${root}/proxy`);
  const lax = {
    GOFLAGS: "-mod=mod",
    GOSUMDB: "off",
    GONOSUMDB: "*",
    GOPRIVATE: "*",
    // GOPRIVATE would ask example.com itself.
    GONOPROXY: "none",
    GOINSECURE: "*",
  };
  for (const [name, value] of Object.entries(lax)) vi.stubEnv(name, value);
  await expect(build()).rejects.toThrow(`${module}@v1.0.0: missing go.sum entry`);
  // With the line that Go writes where it may.
  vi.stubEnv("GOMODCACHE", join(root, "mod"));
  await promisify(execFile)("go", ["list", "-m", "all"], { cwd: join(root, "recipe") });
  await build();
});
