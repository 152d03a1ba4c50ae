/** What bin/membership does at each of its looks, by what the API answers. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { renderWorker } from "./index.ts";
import { worker } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

const directory = mkdtempSync(join(tmpdir(), "membership-"));
afterAll(() => rmSync(directory, { recursive: true }));
unpack(renderWorker(worker), directory);
// The answers come one after the other; a word in front of an answer says that the kubelet does not run.
appendFileSync(
  join(directory, "bin/common"),
  `
exec 3>&1
sleep() { read -r answer <&4 || exit 0; echo "look: $answer" >&3; }
api() {
  [[ $* != *PATCH* ]] || { echo "patch \${*: -1}" >&3; return; }
  case \${answer#starting } in
    gone) echo "curl: (22) The requested URL returned error: 404"; return 22 ;;
    refused) echo "curl: (7) Failed to connect"; return 7 ;;
    busy) echo "curl: (22) The requested URL returned error: 503"; return 22 ;;
    *) echo "{\\"metadata\\": {\\"annotations\\": {\\"kubernetes-on-exoscale/removed\\": \\"$answer\\"}}}" ;;
  esac
}
systemctl() {
  [[ $1 != is-active ]] || { [[ $answer != starting* ]]; return; }
  echo "systemctl $*" >&3
}
`,
);

/** What it does, each with how many looks came before. */
function watch(...answers: readonly string[]): string[] {
  const output = execFileSync(
    "bash",
    ["-c", `exec 4<<< '${answers.join("\n")}'; exec bash ${directory}/bin/membership`],
    {
      encoding: "utf8",
    },
  );
  let looks = 0;
  return output
    .trim()
    .split("\n")
    .flatMap((line) => {
      if (!line.startsWith("look:")) return [`${looks}: ${line}`];
      looks++;
      return [];
    });
}
const times = (count: number, answer: string): string[] => Array.from({ length: count }, () => answer);
const restart = (look: number) => [
  `${look}: no Node object: restarting the kubelet`,
  `${look}: systemctl try-restart kubelet.service`,
];

test("a Node object that is deleted is missed at the second look", () => {
  expect(watch("there", "there", "gone", "gone", "there", "there")).toEqual(restart(4));
  expect(watch("there", "gone", "there", "gone", "there")).toEqual([]);
});

test("only the API's own word counts: errors restart nothing, however many", () => {
  expect(watch("there", ...times(30, "refused"), ...times(30, "busy"), "there")).toEqual([]);
});

test("a kubelet that starts has a minute to create its Node object, and again after a restart", () => {
  expect(watch(...times(20, "starting refused"), ...times(11, "gone"), "there")).toEqual([]);
  expect(watch(...times(20, "starting gone"), ...times(11, "gone"), "there")).toEqual([]);
  expect(watch("there", "gone", "gone", ...times(11, "gone"), "there")).toEqual(restart(3));
  expect(watch("there", "gone", "gone", ...times(12, "gone"), "there")).toEqual([...restart(3), ...restart(15)]);
});

test("a worker ends for a removal of this machine only", () => {
  const id = execFileSync("cat", ["/etc/machine-id"], { encoding: "utf8" }).trim();
  expect(watch("there", "0".repeat(32), "done")).toEqual([]);
  expect(watch("there", id, "done")).toEqual([
    "2: systemctl stop flanneld.service kubelet.service",
    `2: patch {"metadata": {"annotations": {"kubernetes-on-exoscale/removed": "done"}}, "spec": {"unschedulable": true}}`,
    "2: systemctl poweroff",
  ]);
});
