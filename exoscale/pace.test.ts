import { describe, expect, test } from "vitest";

import { connect } from "./client.ts";
import { serve, type Server } from "./testing/http-server.ts";

/** An API that takes so many calls in each second, and refuses the others until the next. */
async function limited(perSecond: number): Promise<Server & { refused(): number }> {
  let second = 0,
    passed = 0,
    refused = 0;
  const server = await serve(({ at }) => {
    const now = Math.floor(at / 1000);
    if (now !== second) [second, passed] = [now, 0];
    if (++passed <= perSecond) return { body: {} };
    refused++;
    return { status: 429, headers: { "retry-after": "1" }, body: { message: "too many" } };
  });
  return Object.assign(server, { refused: () => refused });
}

describe.concurrent("calls", () => {
  test("go out at the same time until one is refused", async () => {
    let most = 0,
      underWay = 0;
    await using server = await serve(async () => {
      most = Math.max(most, ++underWay);
      while (most < 50) await new Promise((resolve) => setTimeout(resolve, 5));
      underWay--;
      return { body: {} };
    });
    const client = connect(server.api);
    await Promise.all(Array.from({ length: 50 }, () => client.get("/zone")));
    expect(most).toBe(50);
  });

  test.each([10, 20])(
    "many at a time get through an API that takes %d in a second, and few are refused",
    async (perSecond) => {
      await using server = await limited(perSecond);
      const client = connect(server.api);
      const burst = 60;
      await Promise.all(Array.from({ length: burst }, () => client.get("/zone")));
      const atFirst = server.refused();
      // The burst itself, and what it took to find the pace.
      expect(atFirst).toBeLessThan(3 * burst);
      await Promise.all(Array.from({ length: burst }, () => client.get("/zone")));
      // How well the pace that is known by then fits depends on what else the machine does.
      expect(server.refused() - atFirst).toBeLessThan(3 * burst);
    },
    120_000,
  );
});
