import { check } from "../check.ts";
import { limit } from "../limiter.ts";
import type { Verdict } from "../scenarios.ts";
import { destroy, up, type ChaosSandbox } from "../sandbox.ts";

/** Calls per second that the API accepts. */
export const rates = ["5", "20"] as const;

/** Creates and destroys a stack under a rate limit: the client keeps to it after the first refusals. */
export async function rateLimit(sandbox: ChaosSandbox, rate: string, say: (text: string) => void): Promise<Verdict> {
  await sandbox.begin("nothing");
  await using limiter = await limit(sandbox.zone.url, Number(rate));
  sandbox.stack.configure({ apiEndpoint: limiter.url });
  await sandbox.stack.must(up);
  await check(sandbox, up);
  await sandbox.stack.must(destroy);
  const { passed, refused, tooEarly } = limiter.counts;
  say(`${passed} calls, ${refused} refused, ${tooEarly} before Retry-After was over`);
  if (tooEarly > 0) throw new Error(`${tooEarly} calls came before Retry-After was over`);
  if (refused > passed / 5)
    throw new Error(`of ${passed + refused} calls ${refused} were too many: the pace is not lowered`);
  await check(sandbox, destroy);
  return "right";
}
