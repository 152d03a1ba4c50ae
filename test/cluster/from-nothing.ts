import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { attempt, keepLogs, results, settings, six } from "./user.ts";

/**
 * The frame of a file of tests that live with one cluster: it begins with nothing and ends with nothing, settings as they
 * were. Logs are kept unless the last test calls `passed`.
 */
export function fromNothing(): { passed(): void } {
  const asCommitted = readFileSync(settings);
  let [began, hasPassed] = [false, false];
  beforeAll(async () => {
    const { code } = await attempt("bin/zone status --json", { timeout: 30 });
    if (code === 0)
      throw new Error("a local zone runs in this checkout and this test starts from nothing: `npm run down` first");
    rmSync(results, { recursive: true, force: true });
    began = true;
  });
  afterAll(async () => {
    // Somebody else's zone stays.
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
