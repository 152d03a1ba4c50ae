import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs work while a directory lies on a disk of its own that has only that much free; what is there by then is kept. */
export async function withSmallDisk<T>(directory: string, freeKiB: number, work: () => Promise<T>): Promise<T> {
  const copy = mkdtempSync(join(tmpdir(), "small-disk-"));
  cpSync(directory, copy, { recursive: true });
  const used = Number(execFileSync("du", ["-sk", copy], { encoding: "utf8" }).split("\t")[0]);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${used + freeKiB}k,mode=700`, "small-disk", directory]);
  try {
    cpSync(copy, directory, { recursive: true });
    return await work();
  } finally {
    rmSync(copy, { recursive: true });
    mkdirSync(copy);
    cpSync(directory, copy, { recursive: true });
    execFileSync("umount", ["--lazy", directory]);
    rmSync(directory, { recursive: true });
    cpSync(copy, directory, { recursive: true });
    rmSync(copy, { recursive: true });
  }
}
