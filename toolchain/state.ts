/** Reads and mends the state of a `file://` backend without the CLI. */
import { existsSync, readFileSync } from "node:fs";
import { copyFile, link, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import writeFileAtomic from "write-file-atomic";
import { root } from "./paths.ts";
import { processOf } from "./processes.ts";

/** Part of every path in a backend, which may hold the stacks of other projects, too. */
const project = /^name: *(\S+)/m.exec(readFileSync(join(root, "Pulumi.yaml"), "utf8"))![1]!;

/** The part of a snapshot that is read here. */
interface Snapshot {
  readonly manifest?: { readonly time?: string };
  readonly resources?: readonly { readonly type: string }[];
  readonly pending_operations?: readonly unknown[];
}

/** A file with a whole state. */
interface Whole {
  readonly file: string;
  /** When the engine wrote it. */
  readonly time: Date;
  readonly resources: number;
  readonly pending: number;
}

/** A lock file of the backend: the process that works on a stack. */
export interface Lock {
  /** 0 if the file is cut. */
  readonly pid: number;
  readonly username: string;
  /** This machine's if the file is cut. */
  readonly hostname: string;
}

/** The directory of a `file://` backend; undefined for other backends. */
export function backendDirectory(url: string): string | undefined {
  if (!url.startsWith("file://")) return undefined;
  return resolve(url.slice("file://".length).replace(/\?.*/, "").replace(/^~/, homedir()));
}

const below = (backend: string, ...path: string[]) => join(backend, ".pulumi", ...path);

/** Files below a directory; none if it does not exist. */
async function filesBelow(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** What the CLI calls a state: it may be compressed. */
const stateFile = /^(.*)\.json(\.gz|\.zst)?$/;
/** What a write leaves that was killed: a name, the time in hexadecimal nanoseconds, and this. */
const leftover = /\.[0-9a-f]{16}\.tmp$/;

/** This project's stacks: name -> path of the state file, as the CLI chooses it among compressed ones. */
async function stacks(backend: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const times = new Map<string, number>();
  for (const file of await filesBelow(below(backend, "stacks", project))) {
    const [, name] = stateFile.exec(basename(file)) ?? [];
    if (name === undefined) continue;
    const { mtimeMs } = await stat(file);
    if (mtimeMs < (times.get(name) ?? 0)) continue;
    found.set(name, file);
    times.set(name, mtimeMs);
  }
  return found;
}

/** What a file with a state holds; undefined if it is cut, or no state. */
async function readWhole(file: string): Promise<Whole | undefined> {
  const { checkpoint } = parse(await readFile(file)) as { checkpoint?: { stack?: unknown; latest?: Snapshot | null } };
  if (typeof checkpoint?.stack !== "string") return undefined;
  const { manifest, resources, pending_operations } = checkpoint.latest ?? {};
  const time = manifest?.time === undefined ? (await stat(file)).mtime : new Date(manifest.time);
  return { file, time, resources: resources?.length ?? 0, pending: pending_operations?.length ?? 0 };
}

/** JSON, perhaps compressed; an empty object if it is cut. */
function parse(content: Buffer): object {
  try {
    const magic = content.subarray(0, 4).toString("hex");
    const text = magic.startsWith("1f8b")
      ? gunzipSync(content)
      : magic === "28b52ffd"
        ? zstdDecompressSync(content)
        : content;
    return (JSON.parse(text.toString()) as object | null) ?? {};
  } catch {
    return {};
  }
}

/** How many operations a killed run left behind in a stack's state. */
export async function pendingOperations(backend: string, stack: string): Promise<number> {
  const file = (await stacks(backend)).get(stack);
  return (file && (await readWhole(file))?.pending) || 0;
}

/** Locks of a stack, or of all this project's stacks. */
export async function locks(backend: string, stack = ""): Promise<Lock[]> {
  const all = await filesBelow(below(backend, "locks", "organization", project, stack));
  const files = all.filter((file) => !file.endsWith(".attrs"));
  return Promise.all(
    files.map(async (file) => ({
      pid: 0,
      username: "",
      hostname: hostname(),
      ...parse(await readFile(file).catch(() => Buffer.of())),
    })),
  );
}

/** Whether a process is a Pulumi CLI that is alive: the system may have given its id to another program since. */
export const isPulumi = (pid: number): boolean => processOf(pid)?.name === "pulumi";

/** A Pulumi CLI of this machine that works on a stack, or on any. */
export async function runningPulumi(backend: string, stack?: string): Promise<number | undefined> {
  return (await locks(backend, stack)).find((lock) => !isElsewhere(lock) && isPulumi(lock.pid))?.pid;
}

/** Whether a lock is of another machine that uses the same directory: nothing here tells whether its run lives. */
export const isElsewhere = (lock: Lock): boolean => lock.hostname !== hostname();

/** Stacks that may still have resources outside the local zone: their configuration names no endpoint on this machine. */
export async function foreignStacks(backend: string, root: string): Promise<string[]> {
  const found: string[] = [];
  for (const [stack, file] of await stacks(backend)) {
    // A state that is cut may have had some.
    if ((await readWhole(file))?.resources === 0) continue;
    const configuration = await readFile(join(root, `Pulumi.${stack}.yaml`), "utf8").catch(() => "");
    if (stack !== "dev" && !configuration.includes("//127.0.0.1")) found.push(stack);
  }
  return found;
}

/** A stack's state: its file, the file's bytes, and its resources; undefined if the backend has no such stack. */
export async function stateOf(
  backend: string,
  stack: string,
): Promise<{ file: string; size: number; resources: number | undefined } | undefined> {
  const file = (await stacks(backend)).get(stack);
  if (file === undefined) return undefined;
  return { file, size: (await stat(file)).size, resources: (await readWhole(file))?.resources };
}

/**
 * Why the CLI could not read a stack's state, as the end of a sentence; undefined if it could. Files of a disk that was
 * full or of a machine that lost its power end in the middle.
 */
export async function damageOf(backend: string, stack: string): Promise<string | undefined> {
  const state = await stateOf(backend, stack);
  if (state && state.resources === undefined) return `${state.file} ends in the middle`;
  const meta = below(backend, "meta.yaml");
  if (existsSync(meta) && !(await isMeta(meta))) return `${meta} is cut`;
  const [attributes] = await cutAttributes(backend);
  return attributes && `${attributes} is cut`;
}

const isMeta = async (file: string) => /^version: *\d/m.test(await readFile(file, "utf8"));

/** The attributes that a backend without `metadata=skip` keeps beside each file and needs to read it. */
async function cutAttributes(backend: string): Promise<string[]> {
  const files = (await filesBelow(below(backend))).filter((file) => file.endsWith(".attrs"));
  const isCut = await Promise.all(files.map(async (file) => Object.keys(parse(await readFile(file))).length === 0));
  return files.filter((_file, index) => isCut[index]);
}

/** What took the place of a state that was cut. */
export interface Restored extends Whole {
  /** The state's file, and the name that the cut one has now. */
  readonly state: string;
  readonly cut: string;
}

/**
 * Makes a stack's state readable again. A cut one is replaced by the newest whole copy among those that the engine keeps:
 * the one before each write, those of the ends of runs, and files of writes that were killed. That takes no room on the disk.
 *
 * @throws Error if the state is cut and so is every copy
 */
export async function mend(backend: string, stack: string): Promise<Restored | undefined> {
  for (const file of await cutAttributes(backend)) await rm(file);
  const meta = below(backend, "meta.yaml");
  if (existsSync(meta) && !(await isMeta(meta))) await writeFileAtomic(meta, "version: 1\n");
  const file = (await stacks(backend)).get(stack);
  if (file === undefined) return undefined;
  const restored = (await readWhole(file)) ? undefined : await restore(backend, stack, file);
  for (const each of await copies(backend, stack)) if (leftover.test(each)) await rm(each, { force: true });
  return restored;
}

/** All files that may hold a state of the stack. */
async function copies(backend: string, stack: string): Promise<string[]> {
  const beside = await filesBelow(below(backend, "stacks", project));
  const kept = ["backups", "history"].map((kind) => filesBelow(below(backend, kind, project, stack)));
  return [...beside.filter((file) => basename(file).startsWith(`${stack}.json`)), ...(await Promise.all(kept)).flat()];
}

async function restore(backend: string, stack: string, state: string): Promise<Restored> {
  const wholes = await Promise.all((await copies(backend, stack)).map(readWhole));
  const [newest] = wholes.flatMap((whole) => whole ?? []).sort((a, b) => b.time.getTime() - a.time.getTime());
  if (!newest) {
    throw new Error(
      `${state} ends in the middle, and so does every copy that Pulumi keeps in ${below(backend)}: ` +
        `put back your own backup of that directory`,
    );
  }
  const cut = `${state}.cut`;
  await rm(cut, { force: true });
  await link(state, cut).catch(() => copyFile(state, cut));
  const made = `${state}.new`;
  await rm(made, { force: true });
  await link(newest.file, made).catch(() => copyFile(newest.file, made));
  await flush(made);
  await rename(made, state);
  await flush(dirname(state));
  return { ...newest, state, cut };
}

/** Resolves once a file or directory is on the disk. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
