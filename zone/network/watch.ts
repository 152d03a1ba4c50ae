/** Who else changes this host's packet filter. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** Changes come in bursts, and one look is enough for all of a burst. */
const QUIET = 200;
const RESTART_DELAY = 1000;

/**
 * Calls back after changes to any table, the zone's own changes among them; and once at first, for what changed before.
 * Resolves when it has begun.
 *
 * @returns ends it
 */
export async function watchRulesets(onChange: () => void, log: (line: string) => void): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;
  const changed = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, QUIET);
  };
  const start = async (): Promise<void> => {
    // It is not to outlive the daemon, however that ends.
    child = spawn("setpriv", ["--pdeathsig", "KILL", "nft", "monitor"], { stdio: ["ignore", "pipe", "ignore"] });
    child.stdout!.on("data", changed);
    await once(child, "spawn");
    changed();
  };
  const keep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (child!.exitCode === null && child!.signalCode === null) await once(child!, "exit");
      if (stopping.signal.aborted) return;
      log("network: nft monitor ended, starting it again");
      await sleep(RESTART_DELAY, undefined, { signal: stopping.signal }).catch(() => {});
      if (!stopping.signal.aborted) await start().catch((error: unknown) => log(`network: ${String(error)}`));
    }
  };
  await start();
  const kept = keep();
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    child?.kill();
    await kept;
    clearTimeout(timer);
  };
}
