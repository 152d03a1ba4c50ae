import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { attempt, keepLogs, results, settings, six } from "./user.ts";

/**
 * For a file of tests that share one cluster: starts without a zone, ends without one and restores the settings. Keeps
 * the logs unless the last test calls `passed`.
 */
export function fromNothing(): { passed(): void } {
  const asCommitted = readFileSync(settings);
  let [began, hasPassed] = [false, false];
  beforeAll(async () => {
    const { code } = await attempt("bin/zone status --json", { timeout: 30 });
    if (code === 0)
      throw new Error(
        "a local zone runs in this checkout, and this test starts from nothing: run `npm run down` first",
      );
    rmSync(results, { recursive: true, force: true });
    began = true;
  });
  afterAll(async () => {
    // A zone that already ran stays.
    if (!began) return;
    if (!hasPassed) await keepLogs(six);
    await attempt("npm run down", { timeout: 300 });
    writeFileSync(settings, asCommitted);
  }, 600_000);
  return {
    passed: () => {
      hasPassed = true;
    },
  };
}
