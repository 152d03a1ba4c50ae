/** Reads the file backend in `.local/state` without the CLI. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { processOf } from "./processes.ts";

/** The part of a state file that is read here. */
interface Checkpoint {
  readonly checkpoint?: {
    readonly latest?: {
      readonly resources?: readonly { readonly type: string }[];
      readonly pending_operations?: readonly unknown[];
    };
  };
}

/** A lock file of the backend: the process that works on a stack. */
interface Lock {
  readonly pid: number;
}

const backend = (local: string) => join(local, "state", ".pulumi");

/** Files below a directory; none if it does not exist. */
async function filesBelow(directory: string, suffix: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Stacks of the file backend: name -> path of the state file. */
async function stacks(local: string): Promise<Map<string, string>> {
  const files = await filesBelow(join(backend(local), "stacks"), ".json");
  return new Map(files.map((file) => [file.replace(/^.*\//, "").replace(/\.json$/, ""), file]));
}

const read = async (file: string) => (JSON.parse(await readFile(file, "utf8")) as Checkpoint).checkpoint?.latest;

/** How many operations a killed run left behind in a stack's state. */
export async function pendingOperations(local: string, stack: string): Promise<number> {
  const file = (await stacks(local)).get(stack);
  return file ? ((await read(file))?.pending_operations?.length ?? 0) : 0;
}

/** Process ids that the locks of a stack name, or of all stacks. */
export async function lockHolders(local: string, stack?: string): Promise<number[]> {
  const files = (await filesBelow(join(backend(local), "locks"), ".json")).filter(
    (file) => stack === undefined || file.includes(`/${stack}/`),
  );
  return Promise.all(files.map(async (file) => (JSON.parse(await readFile(file, "utf8")) as Lock).pid));
}

/** Whether a process is a Pulumi CLI that is alive: the system may have given its id to another program since. */
export const isPulumi = (pid: number): boolean => processOf(pid)?.name === "pulumi";

/** A Pulumi CLI that works on a stack, or on any. */
export async function runningPulumi(local: string, stack?: string): Promise<number | undefined> {
  return (await lockHolders(local, stack)).find(isPulumi);
}

/** Stacks that still have resources outside the local zone: their configuration names no endpoint on this machine. */
export async function foreignStacks(local: string, root: string): Promise<string[]> {
  const found: string[] = [];
  for (const [stack, file] of await stacks(local)) {
    if (((await read(file))?.resources?.length ?? 0) === 0) continue;
    const configuration = await readFile(join(root, `Pulumi.${stack}.yaml`), "utf8").catch(() => "");
    if (stack !== "dev" && !configuration.includes("//127.0.0.1")) found.push(stack);
  }
  return found;
}
