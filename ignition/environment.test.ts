import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environmentFile } from "./environment.ts";
import { renderMaster, renderWorker } from "./index.ts";
import { master, mirror, worker } from "./testing/fixtures.ts";
import { environmentOf, filesOf } from "./testing/node.ts";

describe.each([
  ["master", renderMaster(master)],
  ["worker", renderWorker(worker)],
  ["master with a mirror", renderMaster({ ...master, mirror })],
  ["worker with a mirror", renderWorker({ ...worker, mirror })],
])("a %s", (_, text) => {
  test("sets every variable that its scripts read, and no other", () => {
    const { set, read } = environmentOf(text);
    expect(set).toEqual(read);
    expect(set).toContain("NODE_NAME");
  });
});

test("scripts stand as they run: the same on every node, without placeholders", () => {
  const differing = (a: string, b: string): string[] => {
    const other = filesOf(b);
    return [...filesOf(a)].flatMap(([name, content]) =>
      name.startsWith("bin/") && other.get(name) !== content ? [name] : [],
    );
  };
  const changed = { name: "another", address: "192.0.2.99", podCIDR: "10.0.0.0/16", drainTimeout: 7, mirror };
  expect(differing(renderMaster(master), renderMaster({ ...master, ...changed }))).toEqual([]);
  expect(differing(renderWorker(worker), renderMaster(master))).toEqual([]);
  for (const role of ["node", "master"]) {
    const directory = join(import.meta.dirname, "files", role);
    for (const name of readdirSync(directory).filter((each) => !each.includes("."))) {
      expect(readFileSync(join(directory, name), "utf8"), name).not.toContain("{{");
    }
  }
});

test("a worker carries none of a master's code", () => {
  const scripts = [...filesOf(renderWorker(worker)).keys()].filter((name) => name.startsWith("bin/"));
  expect(scripts.filter((name) => /master|etcd|join|bootstrap|flannel-config|node-remove/.test(name))).toEqual([]);
});

test("values reach a shell as they are", () => {
  const values = { PLAIN: "Europe/Zurich", NUMBER: 4, SEVERAL: "a=1 b=2", ODD: `it's $HOME "and" \`more\` \\ *` };
  const { content, permissions } = environmentFile(values);
  const script = `${content}printf '%s\\n' ${Object.keys(values)
    .map((name) => `"$${name}"`)
    .join(" ")}`;
  expect(execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n")).toEqual(
    Object.values(values).map(String),
  );
  expect(permissions).toBe("0644");
});

test.each([undefined, "", NaN])("a variable without a value is refused by its name: %s", (value) => {
  expect(() => environmentFile({ WINDOW_TIME_ZONE: value as string })).toThrow("WINDOW_TIME_ZONE");
  expect(() => renderWorker({ ...worker, timeZone: value as string })).toThrow("WINDOW_TIME_ZONE");
});
