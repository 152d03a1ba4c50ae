import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readRegularFile } from "./read-file.ts";

const directory = mkdtempSync(join(tmpdir(), "read-file-"));
afterAll(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

test("a file is read, through a link, too, and without the mark that some editors put first", () => {
  writeFileSync(at("file"), "\ufeffäöü\n");
  symlinkSync("file", at("link"));
  expect(readRegularFile(at("file"))).toBe("äöü\n");
  expect(readRegularFile(at("link"))).toBe("äöü\n");
});

test("a file of /proc, which has no size, is read", () => {
  expect(readRegularFile("/proc/self/status")).toContain("Pid:");
});

test("what is no file is named, and nothing waits for it", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync("loop", at("loop"));
  writeFileSync(at("file"), "");
  const server = createServer().listen(at("socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  const started = performance.now();
  for (const [path, what] of [
    [at("pipe"), "is a named pipe, and no file"],
    [at("socket"), "is a socket, and no file"],
    ["/dev/zero", "is a device, and no file"],
    ["/dev/tty", "is a device, and no file"],
    [directory, "is a directory, and no file"],
    [at("loop"), "is a link that leads to itself"],
    [at("nothing"), "does not exist"],
    [at("file/below"), "does not exist: what is said to be its directory is a file"],
    [at("a\0b"), "is no path"],
    [at("a".repeat(300)), "is too long for a path"],
  ] as const)
    expect(() => readRegularFile(path), path).toThrow(new Error(what));
  expect(performance.now() - started).toBeLessThan(1000);
  server.close();
});

test("a huge file is refused before it is read", () => {
  writeFileSync(at("huge"), "");
  truncateSync(at("huge"), 2 ** 40);
  const before = process.memoryUsage.rss();
  expect(() => readRegularFile(at("huge"))).toThrow("has more than 16 MiB");
  expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
});

test("a file that grows while it is read ends at the limit", () => {
  // Has no size, and more than the limit: every page of the address space is a line of 8 bytes.
  expect(() => readRegularFile("/proc/self/pagemap")).toThrow("has more than 16 MiB");
});
