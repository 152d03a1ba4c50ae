/** How errors of resources are said, all of one process together. */
import { expect, test, vi } from "vitest";

import { serve, type Answer } from "../exoscale/testing/http-server.ts";

/** What creations of SSH keys say, one after the other, in a process of their own. */
async function complaints(endpoint: string, names: readonly string[]): Promise<string[]> {
  vi.resetModules();
  const { providers } = await import("./handlers.ts");
  const said: string[] = [];
  for (const name of names) {
    const inputs = { api: { endpoint, zone: "test-1" }, name, publicKey: "ssh-ed25519 AAAA", token: name };
    const error: unknown = await providers.sshKey.create(inputs).catch((thrown: unknown) => thrown);
    said.push((error as Error).message);
  }
  return said;
}

test("what is wrong with the credentials is said once, and then where", async () => {
  const answer: Answer = { status: 403, body: { message: "Invalid request signature" } };
  await using server = await serve(() => answer);
  expect(await complaints(server.api.endpoint, ["one", "two", "three", "one"])).toEqual([
    "GET /ssh-key: 403: Invalid request signature",
    "As one: 403: Invalid request signature",
    "As one: 403: Invalid request signature",
    "GET /ssh-key: 403: Invalid request signature",
  ]);

  vi.stubEnv("EXOSCALE_API_SECRET", "");
  vi.stubEnv("EXOSCALE_API_KEY", "");
  vi.stubEnv("HOME", "/nonexistent");
  vi.stubEnv("XDG_CONFIG_HOME", "");
  const [first, second] = await complaints(server.api.endpoint, ["one", "two"]);
  expect(first).toMatch(/^No Exoscale credentials\. Set EXOSCALE_API_KEY/);
  expect(second).toBe("As one: No Exoscale credentials");
  vi.unstubAllEnvs();
});

test("an API that is not there is said once, too", async () => {
  const [first, second] = await complaints("http://127.0.0.1:9/v2", ["one", "two"]);
  expect(first).toMatch(/^GET \/ssh-key: no answer: /);
  expect(second).toMatch(/^As one: no answer: \w/);
});

test("what is wrong with one resource is said of each", async () => {
  await using server = await serve(() => ({ status: 409, body: { message: "busy" } }));
  const said = await complaints(server.api.endpoint, ["one", "two"]);
  expect(new Set(said).size).toBe(1);
  expect(said[1]).toContain("409: busy");
});
