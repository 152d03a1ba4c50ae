/** `bin/pulumi recover` without an engine; with one it is tried in test/chaos. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("another backend gets the commands to type there", async () => {
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((done) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, "recover.ts"), "prod"],
      { env: { PULUMI_BACKEND_URL: "s3://bucket" } },
      (error, _stdout, stderr) => done({ code: error?.code, stderr }),
    );
  });
  expect(code).toBe(1);
  for (const command of [
    "pulumi cancel prod --yes",
    "pulumi refresh --stack prod --yes --skip-preview --clear-pending-creates",
    "pulumi up --stack prod",
  ]) {
    expect(stderr).toContain(`\n  ${command}\n`);
  }
});
