import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, start } from "./command.ts";

test("standard input goes in, standard output comes out as it is", async () => {
  expect(await run("cat", [], { input: "one\ntwo\n\n" })).toBe("one\ntwo\n\n");
  expect(await run("cat", [])).toBe("");
});

test("no shell sees the arguments", async () => {
  expect(await run("printf", ["%s", "$HOME `id` *"])).toBe("$HOME `id` *");
});

test("a program that does not read its input is judged by its exit code", async () => {
  expect(await run("true", [], { input: "x".repeat(2 ** 20) })).toBe("");
});

test.each([
  ["what it wrote to standard error", ["-c", "echo out; echo not like this >&2; exit 3"], "not like this"],
  ["its exit code if it wrote nothing", ["-c", "exit 3"], "exit code 3"],
  ["the signal that ended it", ["-c", "kill -9 $$"], "ended by SIGKILL"],
])("a failure is the command line with %s", async (_, args, reason) => {
  await expect(run("sh", args)).rejects.toThrow(`sh ${args.join(" ")}: ${reason}`);
});

test("other exit codes may be accepted", async () => {
  expect(await run("sh", ["-c", "echo none; exit 1"], { accept: [0, 1] })).toBe("none\n");
  await expect(run("true", [], { accept: [1] })).rejects.toThrow("true: exit code 0");
});

test("a missing program is named with its package", async () => {
  await expect(run("no-such-program", [])).rejects.toThrow(
    "no-such-program is not installed: apt-get install no-such-program",
  );
  await expect(start("no-such-program", [])).rejects.toThrow(
    "no-such-program is not installed: apt-get install no-such-program",
  );
});

test("a started program writes to its log, and its end is reported by exit code or signal", async () => {
  const directory = await mkdtemp(join(tmpdir(), "command-"));
  const logFile = join(directory, "log");
  for (const word of ["one", "two"]) {
    const { ended } = await start("sh", ["-c", `echo ${word}; echo ${word} >&2; exit 4`], { logFile });
    expect(await ended).toBe("exit code 4");
  }
  expect(await readFile(logFile, "utf8")).toBe("one\none\ntwo\ntwo\n");
  expect((await stat(logFile)).mode & 0o777).toBe(0o600);
  await rm(directory, { recursive: true });
});

test("without a log the caller reads the output; SIGTERM is followed by SIGKILL", async () => {
  const deaf = "trap '' TERM; echo deaf; while :; do sleep 0.1; done";
  const { stdout, kill, ended } = await start("sh", ["-c", deaf], { forceKillAfterDelay: 200 });
  expect(String((await once(stdout!, "data"))[0])).toBe("deaf\n");
  kill("SIGTERM");
  expect(await ended).toBe("SIGKILL");
});
