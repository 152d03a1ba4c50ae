import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { startApi, type TestApi } from "../../testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client } from "../../testing/client.ts";

let api: TestApi;
let client: Client;
beforeEach(async () => {
  api = await startApi();
  client = clientOf(api);
});
afterEach(() => api.close());

const make = async (enabled: boolean) =>
  client.operate(
    "POST",
    "/instance",
    instanceBody(await client.operate("POST", "/template", { ...templateBody, "password-enabled": enabled })),
  );
const reveal = (id: string) => client.call("GET", `/instance/${id}:password`);

describe("a password", () => {
  it("belongs to instances of templates that are password-enabled, and can be reset", async () => {
    const id = await make(true);
    const first = await reveal(id);
    expect(first).toEqual({ status: 200, body: { password: expect.stringMatching(/^[\w-]{20}$/) } });
    expect(await client.operate("PUT", `/instance/${id}:reset-password`)).toBe(id);
    const second = await reveal(id);
    expect(second.body.password).not.toBe(first.body.password);
    await client.operate("PUT", `/instance/${id}:reset`, {});
    expect((await reveal(id)).body.password).not.toBe(second.body.password);
    expect(JSON.stringify([await client.get(`/instance/${id}`), await client.get("/event")])).not.toContain(
      second.body.password,
    );
  });

  it("is revealed for a day", async () => {
    const id = await make(true);
    const record = api.zone.state.instances.get(id)!;
    const setAt = new Date(Date.now() - 25 * 60 * 60 * 1000).toISOString();
    api.zone.state.write((change) => change.put("instances", { ...record, password: { ...record.password!, setAt } }));
    expect(await reveal(id)).toEqual({ status: 404, body: { message: `Password of Instance ${id} not found` } });
  });

  it("belongs to its instance alone", async () => {
    const id = await make(false);
    expect((await reveal(id)).status).toBe(404);
    expect((await client.call("PUT", `/instance/${id}:reset-password`)).body.message).toContain("not password-enabled");
  });
});
