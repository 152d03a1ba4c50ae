/**
 * Mends a stack after its Pulumi CLI was killed: ends what the CLI left running, gives back the lock, and forgets
 * creations of unknown outcome, which the next `up` finds or makes. Also a command: `recover.ts STACK`.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { local, root } from "./paths.ts";
import { checkInterrupted, Failure, main, run } from "./run.ts";
import { isPulumi, lockHolders, pendingOperations } from "./state.ts";

const pulumi = (...args: string[]) => run(join(root, "bin", "pulumi"), args);

/**
 * @param stack in the checkout's own file backend; other backends have nothing to mend here
 * @throws Failure while another Pulumi run works on the stack
 */
export async function recover(stack: string): Promise<void> {
  const holders = await lockHolders(local, stack);
  const living = await firstLiving(holders);
  if (living !== undefined) {
    throw new Failure(
      `A Pulumi run (process ${living}) works on stack ${stack}, and there is nothing to recover while it lives: ` +
        `wait for it, or end it with: kill -INT ${living}`,
    );
  }
  // Whether it left the lock or not: what still works would get in the way of the next run.
  await endOrphans();
  if (holders.length > 0) {
    console.log(`A Pulumi run on stack ${stack} was killed; taking over.`);
    await pulumi("cancel", stack, "--yes");
  }
  const pending = await pendingOperations(local, stack);
  if (pending > 0) {
    console.log(
      `It left ${pending} operation${pending === 1 ? "" : "s"} of unknown outcome; asking the API what there is.`,
    );
    await pulumi("refresh", "--stack", stack, "--yes", "--skip-preview", "--clear-pending-creates");
  }
}

/** Waits until no Pulumi run works on the stack. */
export async function waitForOthers(stack: string): Promise<void> {
  for (let announced = false; ; announced = true) {
    const living = await firstLiving(await lockHolders(local, stack));
    if (living === undefined) return;
    if (!announced)
      console.log(`Another Pulumi run (process ${living}) works on stack ${stack}; waiting for it to end.`);
    await sleep(1000);
    checkInterrupted();
  }
}

async function firstLiving(pids: readonly number[]): Promise<number | undefined> {
  for (const pid of pids) if (await isPulumi(pid)) return pid;
  return undefined;
}

/** What the CLI starts: its plugins, launchers of plugins among them, and Node with one of the SDK's programs. */
const started = /\bpulumi-(resource|language)-|@pulumi\/pulumi\/cmd\//;

/** Ends this checkout's plugins that outlived their CLI, and waits until they are gone: they work on otherwise. */
async function endOrphans(): Promise<void> {
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    for (let tries = 0; tries < 20; tries++) {
      const left = await orphans();
      if (left.length === 0) return;
      if (tries === 0) for (const pid of left) end(pid, name);
      await sleep(50);
    }
  }
}

async function orphans(): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!pid || !started.test(await processFile(pid, "cmdline"))) continue;
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (directory === root && (await isOrphan(pid))) found.push(pid);
  }
  return found;
}

/** Whose parent died belongs to init or to the user's systemd; a plugin's launcher is part of it. */
async function isOrphan(pid: number): Promise<boolean> {
  const above = await parent(pid);
  if (above <= 1) return true;
  if (started.test(await processFile(above, "cmdline"))) return isOrphan(above);
  return (await processFile(above, "comm")).trim() === "systemd";
}

const parent = async (pid: number) => Number(/^PPid:\s*(\d+)/m.exec(await processFile(pid, "status"))?.[1] ?? 0);

/** @returns nothing for a process that has ended */
const processFile = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");

function end(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Ended in the meantime.
  }
}

/** What `recover` does, for those whose backend is not this checkout's own. */
function refuseOtherBackend(stack: string): void {
  const backend = process.env["PULUMI_BACKEND_URL"];
  if (!backend || backend.startsWith(`file://${join(local, "state")}?`)) return;
  throw new Failure(
    `PULUMI_BACKEND_URL names another backend than this checkout's own. Once nothing of the killed run is left, type there:\n` +
      `  pulumi cancel ${stack} --yes\n` +
      `  pulumi refresh --stack ${stack} --yes --skip-preview --clear-pending-creates\n` +
      `  pulumi up --stack ${stack}`,
  );
}

if (import.meta.main) {
  await main(async () => {
    const stack = process.argv[2]!;
    refuseOtherBackend(stack);
    await recover(stack);
  });
}
