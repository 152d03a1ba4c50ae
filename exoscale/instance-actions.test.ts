import { expect, test } from "vitest";

import { connect } from "./client.ts";
import { readInstance } from "./instance-actions.ts";
import { inTurn, serve } from "./testing/http-server.ts";

const answers = (...states: string[]) =>
  inTurn(...states.map((state) => ({ body: { id: "1", name: "web-1", state } })));

test("the two readers of an instance share one call, and the next read is a new call", async () => {
  await using server = await serve(answers("running", "stopped", "starting"));
  const client = connect(server.api);
  const found = await Promise.all([readInstance(client, "1", "instance"), readInstance(client, "1", "boot")]);
  expect(found.map((actual) => actual!.state)).toEqual(["running", "running"]);
  expect((await readInstance(client, "1", "boot"))!.state).toBe("stopped");
  expect((await readInstance(client, "1", "boot"))!.state).toBe("starting");
  expect(server.calls).toHaveLength(3);
});

test("an instance that is gone or being deleted is none", async () => {
  await using server = await serve(
    inTurn({ status: 404, body: { message: "not found" } }, { body: { id: "1", name: "a", state: "destroying" } }),
  );
  const client = connect(server.api);
  expect(await readInstance(client, "1", "boot")).toBeUndefined();
  expect(await readInstance(client, "2", "boot")).toBeUndefined();
});
