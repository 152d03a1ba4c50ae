import { check } from "../check.ts";
import { limit } from "../limiter.ts";
import type { Verdict } from "../lines.ts";
import { destroy, up, type World } from "../environment.ts";

/** Calls that the API takes in each second. */
export const rates = ["5", "20"] as const;

/** A whole life under a rate limit: it is respected, and not found anew with every call. */
export async function rateLimit(world: World, rate: string, say: (text: string) => void): Promise<Verdict> {
  await world.begin("nothing");
  await using limiter = await limit(world.zone.url, Number(rate));
  world.stack.configure({ apiEndpoint: limiter.url });
  await world.stack.must(up);
  await check(world, up);
  await world.stack.must(destroy);
  const { passed, refused, tooEarly } = limiter.counts;
  say(`${passed} calls, ${refused} refused, ${tooEarly} before Retry-After was over`);
  if (tooEarly > 0) throw new Error(`${tooEarly} calls came before Retry-After was over`);
  if (refused > passed / 5)
    throw new Error(`of ${passed + refused} calls ${refused} were too many: the pace is not lowered`);
  await check(world, destroy);
  return "right";
}
