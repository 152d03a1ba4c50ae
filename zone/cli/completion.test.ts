import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const zone = join(import.meta.dirname, "../../bin/zone");

/** What a real bash offers for the last of the words that were typed. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `
    source <("$1" completion)
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _zone zone "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", script, "bash", zone, ...words]);
  return stdout.split("\n").filter(Boolean);
}

test("commands, options and choices are completed, and nothing else", async () => {
  expect(await offered("bin/zone", "u")).toEqual(["up", "update"]);
  expect(await offered("bin/zone", "fault", "rate")).toEqual(["rate-limit"]);
  expect(await offered("bin/zone", "fault", "slow", "--s")).toEqual(["--state", "--share", "--seconds"]);
  expect(await offered("bin/zone", "up", "--machines", "")).toEqual(["docker", "none"]);
  expect(await offered("bin/zone", "kill", "dev-")).toEqual([]);
});
