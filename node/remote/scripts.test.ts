import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { drainAnnotation, exitCode, scriptCommand, scriptPath, type Script } from "./scripts.ts";

const golden = join(import.meta.dirname, "../../ignition/golden");
/** Rendered user-data by file name. */
const userData = readdirSync(golden).map((file) => [file, readFileSync(join(golden, file), "utf8")] as const);

const everywhere: readonly Script[] = ["health", "reboot-lock", "wait-ready"];
const onMasters: readonly Script[] = ["node-join", "node-remove"];

test.each(userData)("nodes have these scripts, exit codes and annotation: %s", (file, text) => {
  const scripts = file.startsWith("master") ? [...everywhere, ...onMasters] : everywhere;
  for (const each of scripts) expect(text).toMatch(new RegExp(`path: "?${scriptPath(each)}"?$`, "m"));
  expect(text).toContain(drainAnnotation);
  for (const [name, code] of Object.entries(exitCode)) expect(text).toMatch(new RegExp(`\\b${name}=${code}\\b`));
});

test("a script is run by bash, as root", () => {
  expect(scriptCommand("reboot-lock", "give", "pulumi")).toBe("sudo bash /run/kubernetes/bin/reboot-lock give pulumi");
});
