import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";

import { Bed, isVisible, row } from "./testing/page.ts";
import type { Json } from "../testing/client.ts";

const bed = new Bed();

describe.each(["light", "dark"] as const)("in %s colours", (colorScheme) => {
  it.each([
    [1600, 900],
    [1100, 800],
    [320, 640],
  ])("fits %i pixels and is accessible", async (width, height) => {
    const group = await bed.client.operate("POST", "/security-group", {
      name: `${"a-long-name-".repeat(8)}group`,
      description: "for a test",
    });
    await bed.client.operate("POST", `/security-group/${group}/rules`, {
      "flow-direction": "egress",
      protocol: "udp",
      "start-port": 1,
      "end-port": 65535,
      "security-group": { id: group },
      description: "all of it ".repeat(10),
    });
    const id = await bed.makeInstance(`master-${"1".repeat(50)}`, {
      "security-groups": [{ id: group }],
      labels: { [`role-${"x".repeat(50)}`]: "y".repeat(80) },
    });
    await bed.makeInstance("worker", { "auto-start": false });
    const elasticIp = await bed.client.operate("POST", "/elastic-ip", {
      description: "the API's",
      healthcheck: { mode: "http", port: 80, uri: `/${"u".repeat(100)}` },
    });
    await bed.client.operate("PUT", `/elastic-ip/${elasticIp}:attach`, { instance: { id } });
    bed.unhealthy.add(id);
    await bed.client.operate("POST", "/private-network", { name: "inner" });
    bed.web.faults.add({ kind: "operation-hangs", count: 1 });
    await bed.client.call("POST", "/security-group", { name: "hung" });
    bed.web.faults.add({ kind: "operation-fails", count: 1 });
    await bed.client.call("POST", "/security-group", { name: "failed" });
    bed.consoles.set(
      `master-${"1".repeat(50)}`,
      `\x1b[31mred \x1b[34mblue \x1b[30mblack\x1b[0m ${"long ".repeat(100)}${"w".repeat(500)}\n`.repeat(20),
    );

    const page = await bed.open(`#instance/${id}`, {
      viewport: { width, height },
      colorScheme,
      reducedMotion: "reduce",
    });
    await isVisible(page.locator("#console .red").first());
    await isVisible(row(page, "Operations", "failure").first());
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await page.getByRole("table").count()).toBe(
      await page.locator("table:visible > caption:not(:empty)").count(),
    );
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(Number(/\d+/.exec(background)?.[0]) > 128).toBe(colorScheme === "light");

    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
    const violations = await page.evaluate(async () => {
      const { violations } = await (window as Json).axe.run();
      return violations.flatMap(({ id, nodes }: Json) =>
        nodes.map(({ target, failureSummary }: Json) => `${id} at ${target}: ${failureSummary}`),
      );
    });
    expect(violations).toEqual([]);
  });
});
