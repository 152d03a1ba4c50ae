/**
 * Mends a stack after its Pulumi CLI was killed: gives back the lock, ends what the CLI left running, and forgets
 * creations of unknown outcome, which the next `up` finds or makes. Also a command: `recover.ts [STACK]`.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { local, root } from "./paths.ts";
import { main, run } from "./run.ts";
import { isPulumi, lockHolders, pendingOperations } from "./state.ts";

const pulumi = (...args: string[]) => run(join(root, "bin", "pulumi"), args);

/**
 * @param stack in the checkout's own file backend; other backends have nothing to mend here
 */
export async function recover(stack: string): Promise<void> {
  let announced = false;
  for (;;) {
    const holders = await lockHolders(local, stack);
    const living = await firstLiving(holders);
    if (living === undefined) {
      if (holders.length > 0) {
        console.log(`A Pulumi run on stack ${stack} was killed; taking over.`);
        await endOrphans();
        await pulumi("cancel", stack, "--yes");
      }
      break;
    }
    if (!announced) console.log(`Another Pulumi run (process ${living}) works on stack ${stack}; waiting for it to end.`);
    announced = true;
    await sleep(1000);
  }
  const pending = await pendingOperations(local, stack);
  if (pending > 0) {
    console.log(`It left ${pending} operations of unknown outcome; asking the API what there is.`);
    await pulumi("refresh", "--stack", stack, "--yes", "--skip-preview", "--clear-pending-creates");
  }
}

async function firstLiving(pids: readonly number[]): Promise<number | undefined> {
  for (const pid of pids) if (await isPulumi(pid)) return pid;
  return undefined;
}

/** Ends this checkout's provider processes that outlived their CLI. */
async function endOrphans(): Promise<void> {
  const provider = join(root, "node_modules/@pulumi/pulumi/cmd/dynamic-provider");
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!pid || !(await processFile(pid, "cmdline")).includes(provider)) continue;
    const launcher = await parent(pid);
    const launched = (await processFile(launcher, "cmdline")).includes("pulumi-resource-pulumi-nodejs");
    if (await isOrphan(launched ? launcher : pid)) process.kill(pid, "SIGTERM");
  }
}

/** Whose parent died belongs to init or to the user's systemd. */
async function isOrphan(pid: number): Promise<boolean> {
  const above = await parent(pid);
  return above === 1 || (await processFile(above, "comm")).trim() === "systemd";
}

const parent = async (pid: number) => Number(/^PPid:\s*(\d+)/m.exec(await processFile(pid, "status"))?.[1] ?? 0);

/** @returns nothing for a process that has ended */
const processFile = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");

if (import.meta.main) await main(() => recover(process.argv[2] ?? "dev"));
