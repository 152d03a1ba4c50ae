import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  backendDirectory,
  damageOf,
  foreignStacks,
  isElsewhere,
  isPulumi,
  locks,
  mend,
  pendingOperations,
  runningPulumi,
} from "./state.ts";

let backend: string;
beforeEach(async () => void (backend = await mkdtemp(join(tmpdir(), "state-"))));
afterEach(() => rm(backend, { recursive: true }));

const path = (name: string) => join(backend, ".pulumi", name);

async function file(name: string, content: unknown): Promise<void> {
  await mkdir(dirname(path(name)), { recursive: true });
  await writeFile(path(name), Buffer.isBuffer(content) ? content : JSON.stringify(content));
}

/** @param minute when the engine wrote it */
const checkpoint = (resources: number, pending = 0, minute = 0) => ({
  version: 3,
  checkpoint: {
    stack: "organization/kubernetes/dev",
    latest: {
      manifest: { time: new Date(Date.UTC(2026, 10, 26, 7, minute)).toISOString() },
      resources: Array(resources).fill({ type: "t" }),
      pending_operations: Array(pending).fill({}),
    },
  },
});

/** The beginning of a state, as a full disk leaves it. */
const cut = (resources: number) => {
  const whole = Buffer.from(JSON.stringify(checkpoint(resources)));
  return whole.subarray(0, whole.length / 2);
};

test("without a backend there is nothing", async () => {
  expect(await locks(backend, "dev")).toEqual([]);
  expect(await pendingOperations(backend, "dev")).toBe(0);
  expect(await runningPulumi(backend)).toBeUndefined();
  expect(await damageOf(backend, "dev")).toBeUndefined();
  expect(await mend(backend, "dev")).toBeUndefined();
});

test("pending operations of a stack are counted", async () => {
  await file("stacks/kubernetes/dev.json", checkpoint(3, 2));
  expect(await pendingOperations(backend, "dev")).toBe(2);
  expect(await pendingOperations(backend, "other")).toBe(0);
});

test("locks name their processes; a process of another program is no CLI", async () => {
  await file("locks/organization/kubernetes/dev/a.json", { pid: process.pid, hostname: hostname() });
  await file("locks/organization/kubernetes/dev/a.json.attrs", {});
  await file("locks/organization/kubernetes/prod/b.json", { pid: 1, hostname: "other" });
  await file("locks/organization/another-project/dev/c.json", { pid: 2 });
  expect((await locks(backend, "dev")).map(({ pid }) => pid)).toEqual([process.pid]);
  expect(new Map((await locks(backend)).map((lock) => [lock.pid, isElsewhere(lock)]))).toEqual(
    new Map([
      [process.pid, false],
      [1, true],
    ]),
  );
  expect(isPulumi(process.pid)).toBe(false);
  expect(await runningPulumi(backend)).toBeUndefined();
});

test("a lock that is cut is a lock of nobody, and so is what a killed CLI had not finished writing", async () => {
  await file("locks/organization/kubernetes/dev/a.json", Buffer.from(""));
  await file("locks/organization/kubernetes/dev/b.json.18eb856ebfffd1db.tmp", Buffer.from('{"pid":'));
  expect((await locks(backend, "dev")).map((lock) => [lock.pid, isElsewhere(lock)])).toEqual([
    [0, false],
    [0, false],
  ]);
});

test("a CLI counts while it lives, and not when it is dead and nobody has taken it away", async () => {
  const program = join(backend, "pulumi");
  await copyFile("/bin/sleep", program);
  // sleep takes no child away.
  const parent = execa("sh", ["-c", `"${program}" 60 & echo $!; exec sleep 60`], { reject: false });
  try {
    const pid = Number(String((await once(parent.stdout, "data"))[0]));
    await vi.waitFor(() => expect(isPulumi(pid)).toBe(true));
    process.kill(pid, "SIGKILL");
    await vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, "utf8")).toContain("(pulumi) Z"));
    expect(isPulumi(pid)).toBe(false);
  } finally {
    parent.kill("SIGKILL");
  }
});

test("a stack with resources that are not in the local zone is foreign", async () => {
  await file("stacks/kubernetes/dev.json", checkpoint(3, 0));
  await file("stacks/kubernetes/two.json", checkpoint(3, 0));
  await file("stacks/kubernetes/prod.json", checkpoint(3, 0));
  await file("stacks/kubernetes/empty.json", checkpoint(0, 0));
  await file("stacks/kubernetes/cut.json", cut(3));
  await writeFile(join(backend, "Pulumi.two.yaml"), "config: {p:apiEndpoint: 'http://127.0.0.1:8180/v2'}");
  await writeFile(join(backend, "Pulumi.prod.yaml"), "config: {p:zone: ch-gva-2}");
  expect((await foreignStacks(backend, backend)).sort()).toEqual(["cut", "prod"]);
});

test.each([
  ["file:///srv/state?metadata=skip", "/srv/state"],
  ["file://~/state", join(homedir(), "state")],
  ["file://state", join(process.cwd(), "state")],
  ["s3://bucket", undefined],
])("%s is the directory %s", (url, directory) => {
  expect(backendDirectory(url)).toBe(directory);
});

const state = "stacks/kubernetes/dev.json";

test("a whole state stays, whatever lies beside it", async () => {
  await file(state, checkpoint(3, 0, 1));
  await file(`${state}.bak`, checkpoint(2, 0, 5));
  await file(`${state}.18eb856ebfffd1db.tmp`, checkpoint(4, 0, 6));
  await file("stacks/kubernetes/dev-2.json.18eb856ebfffd1db.tmp", cut(3));
  expect(await damageOf(backend, "dev")).toBeUndefined();
  expect(await mend(backend, "dev")).toBeUndefined();
  expect(JSON.parse(await readFile(path(state), "utf8"))).toEqual(checkpoint(3, 0, 1));
  // What a killed write of this stack left is gone; another stack's may belong to a run that lives.
  expect((await readdir(path("stacks/kubernetes"))).sort()).toEqual([
    "dev-2.json.18eb856ebfffd1db.tmp",
    "dev.json",
    "dev.json.bak",
  ]);
});

test.each([
  ["the one before the last write", `${state}.bak`],
  ["a write that was killed before it took its place", `${state}.18eb856ebfffd1db.tmp`],
  ["the newest backup", "backups/kubernetes/dev/dev.1795676408000000003.json"],
  ["the newest checkpoint of the history", "history/kubernetes/dev/dev-1795676408000000003.checkpoint.json"],
])("the newest whole copy takes the place of a state that is cut: %s", async (_what, newest) => {
  await file(state, cut(4));
  await file(`${state}.bak`, cut(4));
  await file("backups/kubernetes/dev/dev.1795676408000000001.json", checkpoint(1, 0, 1));
  await file("backups/kubernetes/dev/dev.1795676408000000002.json", cut(4));
  await file("history/kubernetes/dev/dev-1795676408000000001.checkpoint.json", checkpoint(2, 0, 2));
  await file("history/kubernetes/dev/dev-1795676408000000001.history.json", { kind: "update" });
  await file("backups/another-project/dev/dev.1795676408000000009.json", checkpoint(9, 0, 9));
  await file("backups/kubernetes/dev-2/dev-2.1795676408000000009.json", checkpoint(9, 0, 9));
  await file(newest, checkpoint(3, 1, 3));
  // The engine's time counts, not that of a copy.
  await utimes(path(newest), 0, 0);
  expect(await damageOf(backend, "dev")).toBe(`${path(state)} ends in the middle`);
  expect(await mend(backend, "dev")).toMatchObject({
    file: path(newest),
    time: new Date("2026-11-26T07:03:00Z"),
    resources: 3,
    cut: path(`${state}.cut`),
  });
  expect(JSON.parse(await readFile(path(state), "utf8"))).toEqual(checkpoint(3, 1, 3));
  expect(await readFile(path(`${state}.cut`))).toEqual(cut(4));
  expect(await damageOf(backend, "dev")).toBeUndefined();
});

test("a state without a byte is restored, and compressed copies count", async () => {
  for (const [compressed, minute] of [
    [gzipSync(JSON.stringify(checkpoint(1, 0, 1))), 1],
    [zstdCompressSync(JSON.stringify(checkpoint(2, 0, 2))), 2],
  ] as const) {
    // A link to the copy before.
    await rm(path(state), { force: true });
    await file(state, Buffer.of());
    await file(`${state}.bak`, compressed);
    expect((await mend(backend, "dev"))?.time).toEqual(new Date(Date.UTC(2026, 10, 26, 7, minute)));
    expect(await readFile(path(state))).toEqual(compressed);
  }
});

test("if every copy is cut, nothing changes and the directory to put back is named", async () => {
  await file(state, cut(4));
  await file(`${state}.bak`, cut(4));
  await expect(mend(backend, "dev")).rejects.toThrow(`every copy that Pulumi keeps in ${path("")}`.replace(/\/$/, ""));
  expect(await readFile(path(state))).toEqual(cut(4));
});

test("empty attributes and an empty meta.yaml, as a kill or a power cut leaves them, no longer hide a whole state", async () => {
  await file(state, checkpoint(3));
  await file(`${state}.attrs`, Buffer.of());
  await file(`${state}.bak.attrs`, { "user.content_type": "application/json" });
  expect(await damageOf(backend, "dev")).toBe(`${path(`${state}.attrs`)} is cut`);
  await mend(backend, "dev");
  expect((await readdir(path("stacks/kubernetes"))).sort()).toEqual(["dev.json", "dev.json.bak.attrs"]);
  await file("meta.yaml", Buffer.of());
  expect(await damageOf(backend, "dev")).toBe(`${path("meta.yaml")} is cut`);
  await mend(backend, "dev");
  expect(await readFile(path("meta.yaml"), "utf8")).toBe("version: 1\n");
  expect(await damageOf(backend, "dev")).toBeUndefined();
});

test("restoring takes no room on the disk", async () => {
  await file(state, cut(4));
  await file(`${state}.bak`, checkpoint(3));
  await mend(backend, "dev");
  expect((await stat(path(state))).ino).toBe((await stat(path(`${state}.bak`))).ino);
});
