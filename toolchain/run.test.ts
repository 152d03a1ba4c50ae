import { expect, test } from "vitest";
import { output, TimedOut } from "./run.ts";

test("a command that takes too long is ended with all that it started", async () => {
  const started = Date.now();
  const late = output("sh", ["-c", "sleep 60; echo done"], { timeout: 200 });
  await expect(late).rejects.toThrow(TimedOut);
  await expect(late).rejects.toThrow("took more than 0.2 s");
  expect(Date.now() - started).toBeLessThan(50_000);
});
