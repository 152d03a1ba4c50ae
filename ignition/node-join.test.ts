/** What bin/node-join does by what kubectl answers. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { renderMaster } from "./index.ts";
import { master } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

const directory = mkdtempSync(join(tmpdir(), "node-join-"));
afterAll(() => rmSync(directory, { recursive: true }));
unpack(renderMaster(master), directory);

/** @param answers of kubectl, one after the other: exit code and what it says */
function joins(role: string, limit: number, ...answers: readonly (readonly [number, string])[]) {
  const script = readFileSync(join(directory, "bin/node-join"), "utf8");
  const queue = join(directory, "answers");
  writeFileSync(queue, answers.map(([code, text]) => `${code} ${text}\n`).join(""));
  writeFileSync(
    join(directory, "kubectl"),
    `#!/bin/bash
read -r code text < ${queue} || { echo "The connection was refused" >&2; exit 1; }
sed -i 1d ${queue}
if ((code > 0)); then echo "$text" >&2; else echo "\${*:3} -> $text"; fi
exit $code\n`,
    { mode: 0o755 },
  );
  const { status, stdout, stderr } = spawnSync(
    "bash",
    [
      "-c",
      script.replace("/opt/bin/kubectl", join(directory, "kubectl")).replace("900", String(limit)),
      "node-join",
      "dev-worker-1",
      role,
    ],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

test("a node that is Ready gets its role, and an API that has just started is asked again", () => {
  const { status, stdout, stderr } = joins(
    "master",
    900,
    [1, "timed out waiting for the condition"],
    [0, "condition met"],
    [1, "etcdserver: request timed out"],
    [0, "condition met"],
    [0, "labeled"],
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toBe(
    "--request-timeout 30s label node dev-worker-1 --overwrite node-role.kubernetes.io/master= node-role.kubernetes.io/control-plane= -> labeled\n",
  );
});

test("one that gets none in time is an error with what was last wrong", () => {
  const noRole = [
    [0, "condition met"],
    [1, "no \u001b[1mleader"],
  ] as const;
  const { status, stdout, stderr } = joins("worker", 0, ...noRole, ...noRole);
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^dev-worker-1 has no role after \d+ s: no \[1mleader\n$/);
});
