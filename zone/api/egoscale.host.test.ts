import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../testing/zone.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ refuseUnknownFields: false }); // the SDK sends zero dates
});
afterAll(() => api.close());

describe("Exoscale's Go SDK", () => {
  it("takes the zone for Exoscale", { timeout: 300_000 }, async () => {
    const env = { ...process.env, EXOSCALE_API_KEY: api.key, EXOSCALE_API_SECRET: api.secret };
    const { stdout } = await promisify(execFile)("go", ["run", ".", api.url], {
      cwd: join(import.meta.dirname, "egoscale"),
      env,
    });
    expect(stdout).toBe("ok\n");
  });
});
