import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Service } from "./service.ts";

/** Unlike any other on this machine. */
const nap = ["sleep", `1000.${process.pid}`];

async function naps(): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter(Boolean);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, n) => lines[n] === `${nap.join("\0")}\0`);
}

/** @param pidFile In the directory. @param log Gets what the service says. */
const startNap = (directory: string, pidFile: string, log: string[]): Promise<Service> =>
  Service.start({
    name: "nap",
    command: nap[0]!,
    args: nap.slice(1),
    pidFile: join(directory, pidFile),
    logFile: join(directory, "nap.log"),
    ready: async () => true,
    log: (line) => log.push(line),
  });

test("a restart is a new process at once", { timeout: 30_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "service-"));
  const log: string[] = [];
  const service = await startNap(directory, "nap.pid", log);
  const before = await naps();
  await service.restart();
  const after = await naps();
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
  expect(log).toEqual([]);
  await service.stop();
  expect(await naps()).toEqual([]);
  await rm(directory, { recursive: true });
});

test("a process whose pid cannot be remembered does not run", { timeout: 30_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "service-"));
  const log: string[] = [];
  await mkdir(join(directory, "run"));
  const service = await startNap(directory, "run/nap.pid", log);
  const [running] = await naps();
  await rm(join(directory, "run"), { recursive: true });
  process.kill(running!, "SIGKILL");
  while (!log.some((line) => line.includes("ENOENT"))) await sleep(50);
  await service.stop();
  expect(await naps()).toEqual([]);
  await rm(directory, { recursive: true });
});
