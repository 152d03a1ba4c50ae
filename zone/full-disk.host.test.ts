/** The zone's files on a disk that fills up. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

import { tablesOf } from "./api/family.ts";
import { loadCredentials } from "./credentials.ts";
import { FAMILIES } from "./families/index.ts";
import { issueCertificate } from "./registry/certificates.ts";
import { openState } from "./state.ts";
import { startDaemon } from "./testing/daemon.ts";

let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), "zone-disk-"));
  execaSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
});
afterEach(() => {
  execaSync("umount", ["--lazy", disk]);
  rmSync(disk, { recursive: true });
});

const filler = () => join(disk, "filler");
function fill(free: number): void {
  const { bavail, bsize } = statfsSync(disk);
  execaSync("fallocate", ["--length", String(bavail * bsize - free), filler()]);
}

test.each([0, 4096, 20_000, 60_000])(
  "with %i bytes free the database keeps what it acknowledged, and says why it cannot more",
  (free) => {
    const directory = join(disk, "zone");
    const before = openState(directory, tablesOf(FAMILIES));
    before.write((change) => change.put("antiAffinityGroups", { id: "first", name: "first" }));
    fill(free);
    const acknowledged = ["first"];
    const errors = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const id = `${i}`;
      try {
        before.write((change) => change.put("antiAffinityGroups", { id, name: String(Math.random()).repeat(500) }));
        acknowledged.push(id);
      } catch (error) {
        errors.add((error as Error).message);
      }
    }
    expect([...errors]).toEqual(["database or disk is full"]);
    expect([...before.antiAffinityGroups.keys()]).toEqual(acknowledged);
    rmSync(filler());
    before.write((change) => change.put("antiAffinityGroups", { id: "last", name: "last" }));
    before.close();
    const after = openState(directory, tablesOf(FAMILIES));
    expect([...after.antiAffinityGroups.keys()]).toEqual([...acknowledged, "last"]);
    after.close();
  },
);

test("the key and the CA are made whole, or not at all", async () => {
  fill(0);
  expect(() => loadCredentials(disk)).toThrow("ENOSPC");
  await expect(issueCertificate(disk, "zone", ["127.0.0.1"])).rejects.toThrow();
  expect(["credentials", "ca.key", "ca.pem"].filter((name) => existsSync(join(disk, name)))).toEqual([]);
  rmSync(filler());
  const made = loadCredentials(disk);
  expect(loadCredentials(disk)).toEqual(made);
  await issueCertificate(disk, "zone", ["127.0.0.1"]);
  const ca = readFileSync(join(disk, "ca.pem"), "utf8");
  await issueCertificate(disk, "zone", ["127.0.0.1"]);
  expect(readFileSync(join(disk, "ca.pem"), "utf8")).toBe(ca);
});

test("a zone that could not be started on a full disk starts once there is room, with its options", async () => {
  const state = join(disk, "zone");
  const first = startDaemon(state);
  await first.ready;
  await first.kill();
  const options = readFileSync(join(state, "zone.json"), "utf8");
  fill(0);
  const second = startDaemon(state);
  await second.ready.catch(() => {});
  await second.kill();
  expect(readFileSync(join(state, "zone.json"), "utf8")).toBe(options);
  rmSync(filler());
  const third = startDaemon(state);
  expect((await (await third.ready).get("/zone")).zones).toHaveLength(1);
  await third.kill();
});
