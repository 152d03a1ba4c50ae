import { execa } from "execa";
import { expect, test } from "vitest";
import { watchSession } from "./usage.ts";

const program = (megabytes: number, then: string) =>
  `const held = Buffer.alloc(${megabytes} * 2 ** 20, 1); for (let used = 0; used < 400_000;) { const { user, system } = process.cpuUsage(); used = user + system; } ${then}`;

test("child processes count, including those that have ended", { timeout: 60_000 }, async () => {
  const inner = program(200, "held.length");
  const outer = `require("child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(inner)}]); ${program(1, "setTimeout(() => {}, 300)")}`;
  const child = execa(process.execPath, ["-e", outer], { detached: true, stdio: "ignore" });
  const stop = watchSession(child.pid!);
  await child;
  const { cpu, peak } = stop();
  // Each of the two uses 0.4 s of CPU.
  expect(cpu).toBeGreaterThan(0.6);
  expect(peak).toBeGreaterThan(200);
});

test("processes of other sessions do not count", { timeout: 60_000 }, async () => {
  const child = execa(process.execPath, ["-e", program(1, "")], { detached: true, stdio: "ignore" });
  const stop = watchSession(child.pid! + 1_000_000);
  await child;
  expect(stop()).toEqual({ cpu: 0, peak: 0 });
});
