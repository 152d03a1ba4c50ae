import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { capabilitiesToDrop, raiseSysctls, restoreSysctls } from "./host.ts";

const status = (bounding: string): string =>
  `Name:\tnode\nCapPrm:\t0000000000000000\nCapBnd:\t${bounding}\nCapAmb:\t0000000000000000\n`;

test("from a full set only what reaches the host is dropped", () => {
  expect(capabilitiesToDrop(status("000001ffffffffff"), 40)).toEqual(["SYS_TIME", "SYS_MODULE", "SYS_RAWIO"]);
});

test("what the host lacks is dropped too", () => {
  expect(capabilitiesToDrop(status("000001fffeffffff"), 40)).toEqual([
    "SYS_TIME",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
  ]);
});

test("capabilities that the kernel does not know are not named", () => {
  expect(capabilitiesToDrop(status("0000003fffffffff"), 37)).toEqual(["SYS_TIME", "SYS_MODULE", "SYS_RAWIO"]);
});

test("another file is refused", () => {
  expect(() => capabilitiesToDrop("Name:\tnode\n", 40)).toThrow("no CapBnd line");
});

/** A host with these sysctls. */
function host(values: Record<string, number>) {
  const directory = mkdtempSync("/tmp/sysctls-");
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const at = { proc: join(directory, "proc"), memory: join(directory, "run") };
  const file = (name: string): string => join(at.proc, name.replaceAll(".", "/"));
  for (const [name, value] of Object.entries(values)) {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), `${value}\n`);
  }
  const current = () =>
    Object.fromEntries(Object.keys(values).map((name) => [name, Number(readFileSync(file(name), "utf8"))]));
  return { at, current, set: (name: string, value: number) => writeFileSync(file(name), `${value}\n`) };
}
const low = {
  "fs.inotify.max_user_instances": 128,
  "fs.inotify.max_user_watches": 1_000_000,
  "kernel.keys.maxkeys": 200,
};
const raised = { ...low, "fs.inotify.max_user_instances": 8192, "kernel.keys.maxkeys": 20000 };
const quiet = (): void => {};

test("sysctls are raised where they are too low, and back when the last zone has gone", async () => {
  const { at, current } = host(low);
  await raiseSysctls("one", quiet, at);
  expect(current()).toEqual(raised);
  await raiseSysctls("two", quiet, at);
  await raiseSysctls("two", quiet, at);
  await restoreSysctls("one", quiet, at);
  expect(current()).toEqual(raised);
  await restoreSysctls("two", quiet, at);
  expect(current()).toEqual(low);
  expect(existsSync(at.memory)).toBe(false);
  await restoreSysctls("two", quiet, at);
});

test("a sysctl that another program has changed since stays as it is", async () => {
  const { at, current, set } = host(low);
  await raiseSysctls("one", quiet, at);
  set("kernel.keys.maxkeys", 77_000);
  await restoreSysctls("one", quiet, at);
  expect(current()).toEqual({ ...low, "kernel.keys.maxkeys": 77_000 });
});
