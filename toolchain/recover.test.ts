/** `bin/pulumi recover` without an engine; test/chaos tries it with one. */
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";

test("another backend gets the commands to type there", async () => {
  const { exitCode, stderr } = await execa(process.execPath, [join(import.meta.dirname, "recover.ts"), "prod"], {
    env: { PULUMI_BACKEND_URL: "s3://bucket" },
    reject: false,
  });
  expect(exitCode).toBe(1);
  for (const command of [
    "pulumi cancel prod --yes",
    "pulumi refresh --stack prod --yes --skip-preview --clear-pending-creates",
    "pulumi up --stack prod",
  ]) {
    expect(stderr.split("\n")).toContain(`  ${command}`);
  }
});
