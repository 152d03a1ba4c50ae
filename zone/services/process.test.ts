import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endLeftover, findProcess, lastLines, readPidFile, writePidFile } from "./process.ts";

let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "process-"));
  file = join(directory, "pid");
});
afterAll(() => rm(directory, { recursive: true }));

test("a running process has its command's name, whatever characters are in it", async () => {
  const child = spawn("bash", ["-c", "printf 'a) Z (b' >/proc/self/comm; echo; read"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  expect((await findProcess(child.pid!))?.name).toBe("a) Z (b");
  child.stdin.end();
  await once(child, "exit");
  expect(await findProcess(child.pid!)).toBeUndefined();
});

test("a zombie has ended", async () => {
  const parent = spawn("bash", ["-c", "sleep 0.3 & echo $!; exec sleep 100"], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = Number((await once(parent.stdout, "data"))[0]);
  await expect.poll(() => readFile(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  expect(await findProcess(pid)).toBeUndefined();
  parent.kill();
  await once(parent, "exit");
});

test("a pid file names the process that it was written for, and no other with its pid", async () => {
  await writePidFile(file, process.pid);
  expect(await readPidFile(file)).toBe(process.pid);
  await writeFile(file, `${process.pid} 1\n`);
  expect(await readPidFile(file)).toBeUndefined();
  await endLeftover(file);
  expect(await readPidFile(file)).toBeUndefined();
});

test("what a pid file names is ended, and the file removed", async () => {
  const child = spawn("sleep", ["100"], { stdio: "ignore" });
  await once(child, "spawn");
  await writePidFile(file, child.pid!);
  const [[, signal]] = await Promise.all([once(child, "exit"), endLeftover(file)]);
  expect(signal).toBe("SIGTERM");
  await expect(readFile(file)).rejects.toThrow("ENOENT");
});

test("the last lines of a log", async () => {
  const log = join(directory, "log");
  expect(await lastLines(log, 2)).toBe("");
  await writeFile(log, "one\ntwo\nthree\n\n");
  expect(await lastLines(log, 2)).toBe("two\nthree");
  expect(await lastLines(log, 9)).toBe("one\ntwo\nthree");
});
