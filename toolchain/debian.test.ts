import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { missingPackages, packages } from "./debian.ts";

test("a program on PATH counts, whatever its package", async () => {
  const bin = await mkdtemp(join(tmpdir(), "bin-"));
  try {
    for (const program of Object.values(packages))
      if (!program.startsWith("/")) await writeFile(join(bin, program), "");
    expect(missingPackages(packages, bin).filter((name) => !packages[name]!.startsWith("/"))).toEqual([]);
  } finally {
    await rm(bin, { recursive: true });
  }
});
