/** `bin/pulumi recover` without an engine; test/chaos tries it with one. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

let backend: string;
beforeEach(async () => void (backend = await mkdtemp(join(tmpdir(), "recover-"))));
afterEach(() => rm(backend, { recursive: true }));

const recover = (stack: string, url = `file://${backend}?metadata=skip`) =>
  execa(process.execPath, [join(import.meta.dirname, "recover.ts"), stack], {
    env: { PULUMI_BACKEND_URL: url },
    reject: false,
  });

test("another backend gets the commands to type there", async () => {
  const { exitCode, stderr } = await recover("prod", "s3://bucket");
  expect(exitCode).toBe(1);
  for (const command of [
    "pulumi cancel prod --yes",
    "pulumi refresh --stack prod --yes --skip-preview --clear-pending-creates",
    "pulumi up --stack prod",
  ]) {
    expect(stderr.split("\n")).toContain(`  ${command}`);
  }
});

test("a stack that another machine has locked is left alone", async () => {
  const directory = join(backend, ".pulumi/locks/organization/kubernetes/prod");
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, "a.json"),
    JSON.stringify({ pid: 42, username: "alice", hostname: "another-machine" }),
  );
  const { exitCode, stderr } = await recover("prod");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("Stack prod is locked by process 42 of alice on another-machine.");
  expect(stderr).toContain("type here: bin/pulumi cancel prod --yes && bin/pulumi recover prod");
});

test("a state without any whole copy is said in a few sentences, without the state", async () => {
  const directory = join(backend, ".pulumi/stacks/kubernetes");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "prod.json"), `{"version":3,"checkpoint":{"stack":"${"x".repeat(400_000)}`);
  const { exitCode, stderr } = await recover("prod");
  expect(exitCode).toBe(1);
  expect(stderr.trim()).toBe(
    `Stack prod cannot be recovered. ${directory}/prod.json ends in the middle, and so does every copy that Pulumi keeps ` +
      `in ${backend}/.pulumi: put back your own backup of that directory.`,
  );
});
