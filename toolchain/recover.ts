/**
 * Repairs a stack after its Pulumi CLI was killed or its disk was full: ends what the CLI left running, puts the newest whole
 * state in the place of one that is cut, releases the lock, and drops creations of unknown outcome from the state, which the
 * next `up` finds or makes. Also a command: `recover.ts STACK`.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkRoom } from "./check-state.ts";
import { ownBackend, root } from "./paths.ts";
import { type Process, processesIn, processOf, signal } from "./processes.ts";
import { checkInterrupted, Failure, main, run } from "./run.ts";
import { backendDirectory, isElsewhere, locks, mend, pendingOperations, runningPulumi } from "./state.ts";

const pulumi = (...args: string[]) => run(join(root, "bin", "pulumi"), args);

/**
 * @param backend the directory of a `file://` backend; others have nothing to mend here
 * @throws Failure while another Pulumi run works on the stack, or may do so on another machine
 */
export async function recover(stack: string, backend = ownBackend): Promise<void> {
  const living = await runningPulumi(backend, stack);
  if (living !== undefined) {
    throw new Failure(
      `A Pulumi run (process ${living}) works on stack ${stack}, so there is nothing to recover: ` +
        `wait for it, or end it with: kill -INT ${living}`,
    );
  }
  await refuseElsewhere(stack, backend);
  // Even without a lock: a plugin that still works would get in the way of the next run.
  await endOrphans();
  const restored = await mend(backend, stack).catch((error: Error) => {
    throw new Failure(`Stack ${stack} cannot be recovered. ${error.message}.`);
  });
  if (restored) {
    const { state, cut, file, time, resources } = restored;
    console.log(
      `The state of stack ${stack} ended in the middle, as a disk that was full leaves it: ${state}\n` +
        `In its place is now the newest whole one, of ${time.toISOString()} with ${resources} resources, from ${file}. ` +
        `The other is ${cut}.\n` +
        `What was created after that time is not in it: if the next up says that something exists already, delete that first.`,
    );
  }
  if ((await locks(backend, stack)).length > 0) {
    console.log(`A Pulumi run on stack ${stack} was killed; releasing its lock.`);
    await pulumi("cancel", stack, "--yes");
  }
  const pending = await pendingOperations(backend, stack);
  if (pending === 0 && !restored) return;
  await checkRoom(backend, stack);
  const left = pending > 0 ? `${pending} operation${pending === 1 ? " is" : "s are"} of unknown outcome; a` : "A";
  console.log(`${left}sking the API what exists.`);
  await pulumi("refresh", "--stack", stack, "--yes", "--skip-preview", "--clear-pending-creates");
}

/** @throws Failure if a run on another machine, which uses the same directory, has locked the stack */
async function refuseElsewhere(stack: string, backend: string): Promise<void> {
  const lock = (await locks(backend, stack)).find(isElsewhere);
  if (!lock) return;
  throw new Failure(
    `Stack ${stack} is locked by process ${lock.pid} of ${lock.username} on ${lock.hostname}. Whether that run lives can only ` +
      `be seen there: wait for it, or type bin/pulumi recover on ${lock.hostname}. If that machine is gone for good, or this ` +
      `one had that name, type here: bin/pulumi cancel ${stack} --yes && bin/pulumi recover ${stack}`,
  );
}

/** Waits until no Pulumi run works on the stack dev. */
export async function waitForOthers(): Promise<void> {
  for (let announced = false; ; announced = true) {
    const living = await runningPulumi(ownBackend, "dev");
    if (living === undefined) return;
    if (!announced) console.log(`Another Pulumi run (process ${living}) works on stack dev; waiting for it to end.`);
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

/** @throws Failure with the commands to type if the state is not in a directory, or if processes cannot be seen */
function directoryOf(url: string, stack: string): string {
  const directory = backendDirectory(url);
  if (directory !== undefined && process.platform === "linux") return directory;
  const reason =
    directory === undefined ? "PULUMI_BACKEND_URL names a backend that is no directory" : "This is not Linux";
  throw new Failure(
    `${reason}. Make sure that nothing of the killed run is left, then type:\n` +
      `  pulumi cancel ${stack} --yes\n` +
      `  pulumi refresh --stack ${stack} --yes --skip-preview --clear-pending-creates\n` +
      `  pulumi up --stack ${stack}`,
  );
}

if (import.meta.main) {
  await main(async () => {
    const stack = process.argv[2]!;
    await recover(stack, directoryOf(process.env["PULUMI_BACKEND_URL"]!, stack));
  });
}
