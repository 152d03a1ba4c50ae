import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { expect, test } from "vitest";

const script = execFileSync(join(import.meta.dirname, "../../bin/zone"), ["completion"], { encoding: "utf8" });

/** What a real bash offers for the last of the words that were typed. */
function offered(...words: string[]): string[] {
  const asked = `${script}
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _zone zone "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", asked, "bash", ...words], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
}

test("commands, options and choices are completed, and nothing else", () => {
  expect(offered("bin/zone", "u")).toEqual(["up", "update"]);
  expect(offered("bin/zone", "fault", "rate")).toEqual(["rate-limit"]);
  expect(offered("bin/zone", "fault", "slow", "--s")).toEqual(["--state", "--share", "--seconds"]);
  expect(offered("bin/zone", "up", "--machines", "")).toEqual(["docker", "none"]);
  expect(offered("bin/zone", "up", "--ssh-keys", "r")).toEqual(["rsa-ed25519"]);
  expect(offered("bin/zone", "up", "--profile", "")).toEqual(["default", "strict"]);
  for (const flag of ["--address", "--attach"])
    expect(offered("bin/zone", "up", flag, "")).toEqual(["before-start", "after-start"]);
  expect(offered("bin/zone", "up", "--na")).toEqual(["--name"]);
  expect(offered("bin/zone", "kill", "dev-")).toEqual([]);
});
