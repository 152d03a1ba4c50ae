/** Workers that come and go, under the real engine, in a zone without machines. */
import { expect, test } from "vitest";

import type { Instance } from "../exoscale/api.ts";
import { instancesOnly, Sandbox, up, withoutMachines } from "./sandbox/sandbox.ts";

test("a particular worker goes by its name, and no other is touched", { timeout: 600_000 }, async () => {
  const settings = { ...instancesOnly, masters: 1, desiredWorkers: 3 };
  await using sandbox = await Sandbox.open("named", withoutMachines("named"), settings);
  const { stack, zone } = sandbox;
  /** Workers' numbers, and what would be different if one were made anew. */
  const workers = async (): Promise<Record<string, string>> => {
    const { instances } = (await zone.api.get("/instance")) as { instances: Instance[] };
    const of = instances.filter(({ name }) => name.includes("-worker-"));
    return Object.fromEntries(of.map((each) => [each.name.split("-").at(-1)!, `${each.id} ${each["public-ip"]}`]));
  };
  const remove = (name: string) => stack.must(["config", "set", "--path", "removedWorkers[0]", name]);
  await stack.must(up);
  const { 1: first, 2: second, 3: third } = await workers();

  // A slip costs no other worker.
  await remove("named-worker-9");
  await stack.must(["config", "set", "desiredWorkers", "2"]);
  const slip = await stack.run(up);
  expect(slip.code).not.toBe(0);
  expect(slip.output).toContain("removedWorkers[0]: named-worker-9 is above all workers");
  await remove("named-master-1");
  expect((await stack.run(up)).output).toContain("masters cannot be removed");
  expect(await workers()).toEqual({ 1: first, 2: second, 3: third });

  await remove("named-worker-2");
  await stack.must(up);
  expect(await workers()).toEqual({ 1: first, 3: third });
  await stack.must(["preview", "--refresh", "--expect-no-changes", "--non-interactive"]);

  // The next one gets a number that was never used.
  await stack.must(["config", "set", "desiredWorkers", "3"]);
  await stack.must(up);
  expect(await workers()).toEqual({ 1: first, 3: third, 4: expect.any(String) as string });
  // The highest goes, as without removed ones.
  await stack.must(["config", "set", "desiredWorkers", "2"]);
  await stack.must(up);
  expect(await workers()).toEqual({ 1: first, 3: third });
});
