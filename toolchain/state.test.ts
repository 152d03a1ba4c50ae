import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { foreignStacks, isPulumi, lockHolders, pendingOperations, runningPulumi } from "./state.ts";

let local: string;
beforeEach(async () => void (local = await mkdtemp(join(tmpdir(), "state-"))));
afterEach(() => rm(local, { recursive: true }));

async function file(path: string, content: unknown): Promise<void> {
  const full = join(local, "state/.pulumi", path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, JSON.stringify(content));
}

const checkpoint = (resources: number, pending: number) => ({
  checkpoint: {
    latest: { resources: Array(resources).fill({ type: "t" }), pending_operations: Array(pending).fill({}) },
  },
});

test("without a backend there is nothing", async () => {
  expect(await lockHolders(local, "dev")).toEqual([]);
  expect(await pendingOperations(local, "dev")).toBe(0);
  expect(await runningPulumi(local)).toBeUndefined();
});

test("pending operations of a stack are counted", async () => {
  await file("stacks/kubernetes/dev.json", checkpoint(3, 2));
  expect(await pendingOperations(local, "dev")).toBe(2);
  expect(await pendingOperations(local, "other")).toBe(0);
});

test("locks name their processes; a process of another program is no CLI", async () => {
  await file("locks/organization/kubernetes/dev/a.json", { pid: process.pid });
  await file("locks/organization/kubernetes/dev/a.json.attrs", {});
  await file("locks/organization/kubernetes/prod/b.json", { pid: 1 });
  expect(await lockHolders(local, "dev")).toEqual([process.pid]);
  expect((await lockHolders(local)).sort()).toEqual([1, process.pid].sort());
  expect(isPulumi(process.pid)).toBe(false);
  expect(await runningPulumi(local)).toBeUndefined();
});

test("a CLI counts while it lives, and not when it is dead and nobody has taken it away", async () => {
  const program = join(local, "pulumi");
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
  await writeFile(join(local, "Pulumi.two.yaml"), "config: {p:apiEndpoint: 'http://127.0.0.1:8180/v2'}");
  await writeFile(join(local, "Pulumi.prod.yaml"), "config: {p:zone: ch-gva-2}");
  expect(await foreignStacks(local, local)).toEqual(["prod"]);
});
