/** A short form of `npm run chaos`, and a test of its checks. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { differences } from "./inventory.ts";
import { keyMismatches } from "./keys.ts";
import { scenarios } from "./scenarios.ts";
import { trialsOf } from "./trials.ts";
import { ChaosSandbox } from "./sandbox.ts";

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });
const seed = Number(process.env.CHAOS_SEED) || Date.now() % 1_000_000;

let sandbox: ChaosSandbox;
beforeAll(async () => {
  sandbox = await ChaosSandbox.open();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test("the checks find wrong keys and differences between zone and state", async () => {
  await sandbox.begin("cluster");
  expect([...(await differences(sandbox)), ...(await keyMismatches(sandbox))]).toEqual([]);
  const { api } = sandbox.zone;
  const { instances } = await api.get("/instance");
  const idOf = (name: string): string => instances.find((each: { name: string }) => each.name === name).id;
  const [one, two, master] = ["chaos-worker-1", "chaos-worker-2", "chaos-master-1"].map(idOf);

  const { "user-data": other } = await api.get(`/instance/${two}`);
  await api.operate("PUT", `/instance/${one}`, { "user-data": other });
  expect((await keyMismatches(sandbox)).join("\n")).toMatch(
    /user-data of chaos-worker-1: chaos-worker-2-kubelet is not for 198\.19\.\d+\.\d+/,
  );

  await api.operate("DELETE", `/instance/${master}`);
  const {
    "security-groups": [group],
  } = await api.get(`/instance/${one}`);
  const rule = { "flow-direction": "ingress", protocol: "tcp", "start-port": 1, "end-port": 1, network: "0.0.0.0/0" };
  await api.operate("POST", `/security-group/${group.id}/rules`, rule);
  await api.operate("PUT", `/instance/${two}`, { name: "chaos-worker-1" });
  await api.operate("POST", "/anti-affinity-group", { name: "orphan" });
  expect(await differences(sandbox)).toEqual([
    "Instance chaos-worker-1 is in the zone more than once",
    "Instance chaos-worker-1 is in the zone more than once",
    `Instance ${master} is in the state, and not in the zone`,
    expect.stringMatching(/^AntiAffinityGroup orphan \(.*\) is in the zone, and 0 times in the state$/),
    expect.stringMatching(/^security group chaos-workers has \d+ rules in the zone, and \d+ in the state$/),
  ]);
});

/** The number of random trials, or the names of trials, by scenario. */
const few: Readonly<Record<string, number | readonly string[]>> = {
  interruptions: 6,
  "bad API": 6,
  destroy: 2,
  drift: ["all but the deletion", "an instance is deleted"],
  recover: ["beside a run that lives", "killed itself", "with nothing to do"],
  replace: ["two masters at once"],
  "everyday operator": 3,
  load: ["others are made beside one that hangs", "one that hangs is named"],
};

describe.each(scenarios.filter(({ name }) => name in few))("$name", (scenario) => {
  const which = few[scenario.name]!;
  const trials =
    typeof which === "number"
      ? trialsOf(scenario, { runs: which, seed })
      : which.flatMap((only) => trialsOf(scenario, { runs: 0, seed, only }));
  test.each(trials)("$name", async ({ go }) => {
    const said: string[] = [];
    const verdict = await go(sandbox, (text) => said.push(text));
    console.log([verdict, ...said].join("; "));
  });
});
