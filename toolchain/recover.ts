/**
 * Repairs a stack after its Pulumi CLI was killed: ends what the CLI left running, releases the lock, and drops
 * creations of unknown outcome from the state, which the next `up` finds or makes. Also a command: `recover.ts STACK`.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { local, root } from "./paths.ts";
import { type Process, processesIn, processOf, signal } from "./processes.ts";
import { checkInterrupted, Failure, main, run } from "./run.ts";
import { lockHolders, pendingOperations, runningPulumi } from "./state.ts";

const pulumi = (...args: string[]) => run(join(root, "bin", "pulumi"), args);

/**
 * @param stack in the checkout's own file backend; other backends have nothing to mend here
 * @throws Failure while another Pulumi run works on the stack
 */
export async function recover(stack: string): Promise<void> {
  const living = await runningPulumi(local, stack);
  if (living !== undefined) {
    throw new Failure(
      `A Pulumi run (process ${living}) works on stack ${stack}, so there is nothing to recover: ` +
        `wait for it, or end it with: kill -INT ${living}`,
    );
  }
  // Even without a lock: a plugin that still works would get in the way of the next run.
  await endOrphans();
  if ((await lockHolders(local, stack)).length > 0) {
    console.log(`A Pulumi run on stack ${stack} was killed; releasing its lock.`);
    await pulumi("cancel", stack, "--yes");
  }
  const pending = await pendingOperations(local, stack);
  if (pending > 0) {
    console.log(
      `It left ${pending} operation${pending === 1 ? "" : "s"} of unknown outcome; asking the API what exists.`,
    );
    await pulumi("refresh", "--stack", stack, "--yes", "--skip-preview", "--clear-pending-creates");
  }
}

/** Waits until no Pulumi run works on the stack. */
export async function waitForOthers(stack: string): Promise<void> {
  for (let announced = false; ; announced = true) {
    const living = await runningPulumi(local, stack);
    if (living === undefined) return;
    if (!announced)
      console.log(`Another Pulumi run (process ${living}) works on stack ${stack}; waiting for it to end.`);
    await sleep(1000);
    checkInterrupted();
  }
}

/** What the CLI starts: its plugins, the launchers of plugins, and Node with one of the SDK's programs. */
const started = /\bpulumi-(resource|language)-|@pulumi\/pulumi\/cmd\//;

/** Ends this checkout's plugins that outlived their CLI, which would go on working, and waits until they are gone. */
async function endOrphans(): Promise<void> {
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    for (let tries = 0; tries < 20; tries++) {
      const left = processesIn(root).filter((each) => started.test(each.command) && isOrphan(each));
      if (left.length === 0) return;
      if (tries === 0) for (const { pid } of left) signal(pid, name);
      await sleep(50);
    }
  }
}

/** Whether a plugin's CLI has ended: then init or the user's systemd is the parent. A plugin's launcher is part of it. */
function isOrphan({ parent }: Process): boolean {
  const above = processOf(parent);
  if (above === undefined || above.pid === 1) return true;
  return started.test(above.command) ? isOrphan(above) : above.name === "systemd";
}

/** @throws Failure with the commands to type if the state is in another backend than this checkout's own */
function refuseOtherBackend(stack: string): void {
  const backend = process.env["PULUMI_BACKEND_URL"];
  if (!backend || backend.startsWith(`file://${join(local, "state")}?`)) return;
  throw new Failure(
    `PULUMI_BACKEND_URL names another backend than this checkout's own. Make sure that nothing of the killed run is left, then type:\n` +
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
