import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { renderWorker } from "./index.ts";
import { worker } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

const directory = mkdtempSync(join(tmpdir(), "program-"));
afterAll(() => rmSync(directory, { recursive: true }));
unpack(renderWorker(worker), directory);
const script = join(directory, "bin/program");
const bin = join(directory, "opt");
writeFileSync(script, readFileSync(script, "utf8").replaceAll("/opt/bin", bin));

/** Stands in for ctr: a mounted image has one file, with the image's name as its content. */
const CTR = `#!/bin/bash
echo "$*" >> ${directory}/log
case "$2" in
  pull) [[ ! -e ${directory}/down ]] ;;
  mount) mkdir -p "$4/usr/bin" && echo "$3" > "$4/usr/bin/tool" ;;
  unmount) rm -r "$4/usr" ;;
esac`;
mkdirSync(join(directory, "path"));
writeFileSync(join(directory, "path/ctr"), CTR);
chmodSync(join(directory, "path/ctr"), 0o755);

const log = () => (existsSync(join(directory, "log")) ? readFileSync(join(directory, "log"), "utf8") : "");
function install(image: string): number | null {
  rmSync(join(directory, "log"), { force: true });
  return spawnSync("bash", [script, "tool", image, "usr/bin/tool"], {
    env: { ...process.env, PATH: `${directory}/path:${process.env["PATH"]}` },
  }).status;
}
const installed = () => readFileSync(join(bin, "tool"), "utf8").trim();

beforeEach(() => {
  rmSync(bin, { recursive: true, force: true });
  rmSync(join(directory, "down"), { force: true });
});

test("the file of the image becomes the program, and the image goes", () => {
  expect(install("example.org/tool:1")).toBe(0);
  expect(installed()).toBe("example.org/tool:1");
  expect(readdirSync(bin).sort()).toEqual(["tool", "tool.image"]);
  expect(log()).toMatch(/^images rm --sync example\.org\/tool:1$/m);
});

test("a program of this image is kept, and no registry is asked", () => {
  install("example.org/tool:1");
  writeFileSync(join(directory, "down"), "");
  expect(install("example.org/tool:1")).toBe(0);
  expect(log()).toBe("");
});

test("another image replaces it; one that cannot be pulled leaves it as it is, and fails", () => {
  install("example.org/tool:1");
  writeFileSync(join(directory, "down"), "");
  expect(install("example.org/tool:2")).not.toBe(0);
  expect(installed()).toBe("example.org/tool:1");
  rmSync(join(directory, "down"));
  expect(install("example.org/tool:2")).toBe(0);
  expect(installed()).toBe("example.org/tool:2");
});
