import { expect, test } from "vitest";
import { askRefusals } from "./ask-refusals.ts";
import type { Kubectl } from "./ask-api.ts";

// test/node/admission.host.test.ts has what a real API says.

/** kubectl that fails with this for every write, and knows no webhooks. */
const failing =
  (stderr: string, code: number | undefined = 1): Kubectl =>
  async (args) =>
    Promise.resolve(
      args[0] === "get" ? { code: 0, stdout: '{"items": []}', stderr: "" } : { code, stdout: "", stderr },
    );

test.each([
  ["it timed out", "", undefined],
  ["the API is not there", "Unable to connect to the server: EOF", 1],
  ["there is no such object yet", 'Error from server (NotFound): leases.coordination.k8s.io "x" not found', 1],
  ["somebody else was quicker", 'Error from server (Conflict): Operation cannot be fulfilled on nodes "x"', 1],
  ["this kubeconfig may not", 'Error from server (Forbidden): nodes "x" is forbidden: User "admin" cannot patch', 1],
  ["etcd elects a leader", "Error from server: etcdserver: leader changed", 1],
  ["the API has too much to do", "Error from server (TooManyRequests): the server has received too many requests", 1],
])("a write that could not be tried is not refused: %s", async (_, stderr, code) => {
  expect(await askRefusals(failing(stderr, code), "dev-master-1")).toEqual([]);
});

test("a refusal by something that is not known keeps its message", async () => {
  const refusals = await askRefusals(failing('Error from server (Forbidden): nodes "x" is forbidden:\n  because'), "x");
  expect(refusals).toHaveLength(6);
  for (const refusal of refusals)
    expect(refusal).toMatchObject({ message: 'nodes "x" is forbidden: because', by: null });
});

test("without a Node there is nothing to try", async () => {
  expect(await askRefusals(failing("Error from server (Forbidden): no"), undefined)).toEqual([]);
});
