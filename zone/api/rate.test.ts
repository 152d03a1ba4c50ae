import { expect, test } from "vitest";

import { clientOf } from "../testing/client.ts";
import { startApi } from "../testing/zone.ts";
import { Rate } from "./rate.ts";

/** How many of `calls` are admitted. */
const admitted = (rate: Rate, calls: number): number =>
  Array.from({ length: calls }, () => rate.admits()).filter(Boolean).length;

test("a rate admits its calls of a second at once, and then as they become due", () => {
  let now = 0;
  const rate = new Rate(5, () => now);
  expect(admitted(rate, 9)).toBe(5);
  now += 200;
  expect(admitted(rate, 9)).toBe(1);
  now += 700;
  expect(admitted(rate, 9)).toBe(3);
  now += 60_000;
  expect(admitted(rate, 9)).toBe(5);
});

test("without one every call is admitted", () => {
  expect(admitted(new Rate(0), 1000)).toBe(1000);
});

test("a zone answers 429 above its rate, and says how long to wait", async () => {
  const zone = await startApi({ rate: 1 });
  const answers = await Promise.all(Array.from({ length: 6 }, () => fetch(`${zone.url}/zone`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  expect(answers.find(({ status }) => status === 429)!.headers.get("retry-after")).toBe("1");
  // Who asks is known before the call counts.
  expect((await clientOf({ ...zone, secret: "wrong" }).call("GET", "/instance")).status).toBe(403);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect((await fetch(`${zone.url}/zone`)).status).toBe(200);
  await zone.close();
});
