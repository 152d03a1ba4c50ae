/** States and settings on disks that fill up, under the real engine; a zone without machines. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { execa, execaSync } from "execa";
import { expect, test } from "vitest";

import { root } from "../toolchain/paths.ts";
import { instancesOnly, Sandbox, up, withoutMachines } from "./sandbox/sandbox.ts";

/** A disk of its own. */
class Disk {
  readonly directory: string;
  readonly #fillers: string[] = [];

  constructor(directory: string, size: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    execaSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
  }

  /** Leaves less than a block more than this many bytes free, also while programs write to the disk. */
  fill(free: number): void {
    for (;;) {
      const { bavail, bsize } = statfsSync(this.directory);
      const surplus = bavail * bsize - free;
      if (surplus < bsize) return;
      const filler = join(this.directory, `filler-${this.#fillers.length}`);
      this.#fillers.push(filler);
      // Fails if a program has written since.
      execaSync("fallocate", ["--length", String(surplus), filler], { reject: false });
    }
  }

  drain(): void {
    for (const filler of this.#fillers.splice(0)) rmSync(filler, { force: true });
  }

  remove(): void {
    execaSync("umount", ["--lazy", this.directory], { reject: false });
  }
}

/** A project with a stack and its state on one disk, and the CLI for it. */
class Project {
  readonly #home = mkdtempSync(join(tmpdir(), "full-disk-"));
  readonly disk = new Disk(join(this.#home, "disk"), "4m");
  readonly settings = join(this.disk.directory, "Pulumi.full.yaml");
  readonly state = join(this.disk.directory, "state/.pulumi/stacks/full/full.json");
  readonly #options: string;

  constructor(options: string) {
    this.#options = options;
    mkdirSync(join(this.disk.directory, "state"));
    writeFileSync(join(this.disk.directory, "Pulumi.yaml"), "name: full\nruntime: nodejs\n");
  }

  async pulumi(...args: string[]): Promise<{ code: number | undefined; output: string }> {
    const { exitCode, all } = await execa(join(root, ".local/bin/pulumi"), [...args, "--non-interactive"], {
      cwd: this.disk.directory,
      env: {
        HOME: this.#home,
        PULUMI_BACKEND_URL: `file://${this.disk.directory}/state${this.#options}`,
        PULUMI_CONFIG_PASSPHRASE: "of the test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
      all: true,
      reject: false,
    });
    return { code: exitCode, output: all };
  }

  /** Replaces the state by one with an output of this many bytes. */
  import(bytes: number): Promise<{ code: number | undefined; output: string }> {
    const file = join(this.#home, `${bytes}.json`);
    const stack = {
      urn: "urn:pulumi:full::full::pulumi:pulumi:Stack::full-full",
      custom: false,
      type: "pulumi:pulumi:Stack",
      outputs: { large: "x".repeat(bytes) },
    };
    writeFileSync(file, JSON.stringify({ version: 3, deployment: { resources: [stack] } }));
    return this.pulumi("stack", "import", "--stack", "full", "--file", file);
  }

  /** Bytes of the output. */
  get length(): number {
    return JSON.parse(readFileSync(this.state, "utf8")).checkpoint.latest.resources[0].outputs.large.length;
  }

  remove(): void {
    this.disk.remove();
    rmSync(this.#home, { recursive: true });
  }
}

const filesIn = (directory: string): string[] => readdirSync(directory, { recursive: true }).map(String);

// Together, because the CLI tries for half a minute.
test.concurrent.each(
  [0, 60_000, 200_000, 400_000].flatMap((free) => [[free, "?metadata=skip"] as const, [free, ""] as const]),
)("with %i bytes free a state and its settings stay whole, in file://DIRECTORY%s", async (free, options) => {
  const project = new Project(options);
  try {
    expect(await project.pulumi("stack", "init", "full")).toMatchObject({ code: 0 });
    expect(await project.pulumi("config", "set", "first", "x".repeat(5_000))).toMatchObject({ code: 0 });
    expect(await project.import(430_000)).toMatchObject({ code: 0 });
    const settings = readFileSync(project.settings, "utf8");

    project.disk.fill(free);
    const { code, output } = await project.import(440_000);
    expect(code, output).not.toBe(0);
    expect(output).toContain("no space left on device");
    expect(project.length).toBe(430_000);
    if (free < 8192)
      expect(await project.pulumi("config", "set", "second", "x".repeat(9_000))).not.toMatchObject({ code: 0 });
    expect(readFileSync(project.settings, "utf8").startsWith(settings.trimEnd())).toBe(true);
    expect(filesIn(project.disk.directory).filter((name) => name.endsWith(".tmp"))).toEqual([]);

    project.disk.drain();
    expect(await project.import(440_000)).toMatchObject({ code: 0 });
    expect(project.length).toBe(440_000);
  } finally {
    project.remove();
  }
});

/** A sandbox whose stack's state is on a disk of its own. */
class DiskSandbox extends Sandbox {
  readonly disk = new Disk(join(this.checkout, ".local/state"), "8m");

  static async begin(): Promise<DiskSandbox> {
    const sandbox = new DiskSandbox("disk", withoutMachines("disk"));
    await sandbox.init({ ...instancesOnly, masters: 1, desiredWorkers: 1 });
    return sandbox;
  }

  override abandon(): void {
    this.disk.remove();
    super.abandon();
  }
}

test("a stack whose disk was full loses nothing", { timeout: 600_000 }, async () => {
  await using sandbox = await DiskSandbox.begin();
  const { stack, zone, disk } = sandbox;
  const noChanges = ["preview", "--expect-no-changes", "--non-interactive"];
  await stack.must(up);

  // Too little room: refused, with every copy whole.
  stack.configure({ desiredWorkers: 2 });
  for (const free of [60_000, 400_000]) {
    disk.fill(free);
    const calls = await zone.calls();
    for (const verb of ["up", "destroy", "refresh"]) {
      const { code, output } = await stack.run([verb, "--yes", "--skip-preview"]);
      expect(code).toBe(1);
      expect(output).toMatch(
        /^\s*The state of stack disk takes up to .* MB more while it is being written, and .* has \d+ kB free\./,
      );
    }
    expect(await zone.calls()).toBe(calls);
    disk.drain();
  }

  // Full in the middle of a run.
  let isFull = false;
  const ran = await stack.run(up, {
    onLine: (line) => {
      isFull ||= /Instance +disk-worker-2 +creating/.test(line);
      if (isFull) disk.fill(0);
    },
  });
  expect(isFull).toBe(true);
  expect(ran.code, ran.output).not.toBe(0);
  expect(ran.output).toContain("no space left on device");
  expect(stack.resources().length).toBeGreaterThan(0);
  disk.drain();
  await stack.must(["recover"]);
  await stack.must(up);
  await stack.must(noChanges);
  const instances = await zone.api.get("/instance");
  expect(instances.instances.map((each: { name: string }) => each.name).sort()).toEqual([
    "disk-master-1",
    "disk-worker-1",
    "disk-worker-2",
  ]);

  // What a CLI leaves that replaces files by halves: the state, the one before, the last backup and checkpoint.
  await stack.must(up);
  const resources = stack.resources().length;
  const backend = dirname(dirname(dirname(stack.file)));
  for (const kind of ["backups", "history"]) {
    const directory = join(backend, kind, "kubernetes/disk");
    const last = readdirSync(directory)
      .filter((name) => /checkpoint|^disk\.\d+\.json$/.test(name))
      .sort()
      .at(-1)!;
    truncateSync(join(directory, last), 57_344);
  }
  for (const file of [stack.file, `${stack.file}.bak`]) truncateSync(file, 57_344);
  disk.fill(60_000);
  const refused = await stack.run(up);
  expect(refused.code).toBe(1);
  expect(refused.output.trim()).toBe(
    `The state of stack disk cannot be read: ${stack.file} ends in the middle. Type: bin/pulumi recover disk`,
  );
  disk.drain();
  const recovered = await stack.must(["recover"]);
  expect(recovered).toContain(
    `The state of stack disk ended in the middle, as a disk that was full leaves it: ${stack.file}`,
  );
  expect(recovered.indexOf("Refreshing")).toBeLessThan(700);
  expect(existsSync(`${stack.file}.cut`)).toBe(true);
  await stack.must(up);
  await stack.must(noChanges);
  expect(stack.resources()).toHaveLength(resources);
});
