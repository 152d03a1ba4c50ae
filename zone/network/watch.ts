/** Notices changes to this host's packet filter. */
import { setTimeout as sleep } from "node:timers/promises";
import { start, type RunningProgram } from "../command.ts";

/** Milliseconds from a change to the call: changes come in bursts, and one call is enough for a burst. */
const QUIET = 200;
const RESTART_DELAY = 1000;

/**
 * Calls back after changes to any nftables table, including the zone's own, and once at first, for earlier changes.
 * Resolves when it has begun.
 *
 * @returns a function that ends it
 */
export async function watchRulesets(onChange: () => void, log: (line: string) => void): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let monitor: RunningProgram | undefined;
  const changed = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, QUIET);
  };
  const startMonitor = async (): Promise<void> => {
    // It must not outlive the daemon, however that ends.
    monitor = await start("setpriv", ["--pdeathsig", "KILL", "nft", "monitor"]);
    monitor.stdout!.on("data", changed);
    changed();
  };
  const keep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await monitor!.ended;
      if (stopping.signal.aborted) return;
      log("network: nft monitor ended, starting it again");
      await sleep(RESTART_DELAY, undefined, { signal: stopping.signal }).catch(() => {});
      if (!stopping.signal.aborted) await startMonitor().catch((error: unknown) => log(`network: ${String(error)}`));
    }
  };
  await startMonitor();
  const kept = keep();
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    monitor?.kill("SIGTERM");
    await kept;
    clearTimeout(timer);
  };
}
