/** What an instance refuses in which state, and a guest that never comes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { noMachines } from "../../machines/none.ts";
import { startApi, type TestApi } from "../../testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client } from "../../testing/client.ts";
import type { Instance, Machines } from "../../types.ts";
import { typeByName } from "../instance-types.ts";

let directory: string;
let api: TestApi;
let client: Client;
let template: string;
/** What the machines were asked to do, in order. */
let calls: string[];
/** While set, the machines have to wait for it. */
let held: Promise<void> | undefined;
/** Whether the machines fail, once they are let go on. */
let broken: boolean;
let change: (id: string, state: "running" | "stopped") => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "zone-states-"));
  held = undefined;
  broken = false;
  await open();
  template = await client.operate("POST", "/template", templateBody);
});
afterEach(async () => {
  await api.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<void> {
  calls = [];
  const tell = (what: string) => async (_instance: Instance) => {
    calls.push(what);
    await held;
    if (broken) throw new Error("no such container");
  };
  const machines: Machines = {
    ...noMachines(),
    create: tell("create"),
    start: tell("start"),
    stop: tell("stop"),
    reboot: tell("reboot"),
    reset: tell("reset"),
    destroy: tell("destroy"),
    plug: tell("plug"),
    onChange: (callback) => void (change = callback),
  };
  api = await startApi({ machines, state: directory });
  client = clientOf(api);
}

const make = (more?: object) => client.operate("POST", "/instance", instanceBody(template, more));
const get = (id: string) => client.get(`/instance/${id}`);

describe("an instance refuses", () => {
  const type = { "instance-type": { id: typeByName("standard.large")!.id } };
  const verbs: Readonly<Record<string, object | undefined>> = {
    start: {},
    stop: undefined,
    reboot: undefined,
    reset: {},
    scale: type,
    "resize-disk": { "disk-size": 20 },
    "add-protection": undefined,
    "remove-protection": undefined,
  };
  /** Verbs that each state refuses with 409. */
  const refused: Readonly<Record<string, readonly string[]>> = {
    starting: ["start", "stop", "reboot", "reset", "scale", "resize-disk"],
    running: ["start", "scale", "resize-disk"],
    stopping: ["start", "stop", "reboot", "reset", "scale", "resize-disk"],
    stopped: ["stop", "reboot"],
    destroying: Object.keys(verbs),
  };

  /** An instance in that state, and the function that lets it out of it. */
  async function inState(state: string): Promise<{ id: string; release: () => void }> {
    const id = await make({ "auto-start": ["running", "stopping", "destroying"].includes(state) });
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    if (state === "starting") await client.call("PUT", `/instance/${id}:start`, {});
    if (state === "stopping") await client.call("PUT", `/instance/${id}:stop`);
    if (state === "destroying") await client.call("DELETE", `/instance/${id}`);
    expect((await get(id)).state).toBe(state);
    return { id, release: resolve };
  }

  it.each(Object.entries(refused))("while %s: %j", async (state, expected) => {
    const { id, release } = await inState(state);
    for (const verb of expected) {
      const answer = await client.call("PUT", `/instance/${id}:${verb}`, verbs[verb]);
      expect([verb, answer.status, answer.body.message]).toEqual([verb, 409, expect.stringContaining(id)]);
    }
    expect((await get(id)).state).toBe(state);
    release();
  });

  it("to be attached, detached or changed while it is being destroyed", async () => {
    const group = await client.operate("POST", "/security-group", { name: "g" });
    const elasticIp = await client.operate("POST", "/elastic-ip", {});
    const network = await client.operate("POST", "/private-network", { name: "n" });
    const { id, release } = await inState("destroying");
    for (const path of [`/security-group/${group}`, `/elastic-ip/${elasticIp}`, `/private-network/${network}`]) {
      for (const verb of ["attach", "detach"]) {
        expect((await client.call("PUT", `${path}:${verb}`, { instance: { id } })).body.message).toBe(
          `Instance ${id} is being destroyed`,
        );
      }
    }
    expect((await client.call("PUT", `/instance/${id}`, { name: "x" })).status).toBe(409);
    expect((await client.call("DELETE", `/instance/${id}/labels`)).status).toBe(409);
    release();
  });

  it("nothing of its deletion, which waits for no shutdown", async () => {
    const { id, release } = await inState("stopping");
    await expect.poll(() => calls).toContain("stop");
    held = undefined; // for others: the stop is held still
    expect(await client.operate("DELETE", `/instance/${id}`)).toBe(id);
    expect((await client.call("GET", `/instance/${id}`)).status).toBe(404);
    broken = true;
    release();
    const stop = () => [...api.zone.state.operations.values()].find(({ command }) => command === "stop-instance");
    await expect
      .poll(stop)
      .toMatchObject({ state: "failure", reason: "interrupted", message: "the instance was deleted meanwhile" });
  });

  it("a type of another family", async () => {
    const { id } = await inState("stopped");
    const answer = await client.call("PUT", `/instance/${id}:scale`, {
      "instance-type": { id: typeByName("cpu.huge")!.id },
    });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining("cpu.huge") } });
  });
});

describe("a guest that never boots", () => {
  const fault = (route?: string) => api.faults.add({ kind: "never-boots", route, count: 1 });

  it("runs as far as the API can tell, and its machine is off", async () => {
    fault();
    await client.get("/instance"); // boots nothing, so it spends no fault
    const id = await make();
    expect(calls).toEqual(["create"]);
    expect(await get(id)).toMatchObject({ state: "running", "public-ip": expect.any(String) });
    change(id, "stopped"); // of a machine that was never there, nothing is believed
    expect((await get(id)).state).toBe("running");
    expect(api.faults.list()).toEqual([]);
  });

  it("does not come with a restart of the zone either, nor with a private network", async () => {
    fault("create-instance");
    const id = await make();
    await api.close();
    await open();
    const network = await client.operate("POST", "/private-network", { name: "n" });
    await client.operate("PUT", `/private-network/${network}:attach`, { instance: { id } });
    expect([calls, (await get(id)).state]).toEqual([[], "running"]);
  });

  it("comes with the next start", async () => {
    fault("start-instance");
    const id = await make({ "auto-start": false });
    await client.operate("PUT", `/instance/${id}:start`, {});
    expect([calls, (await get(id)).state]).toEqual([["create"], "running"]);
    await client.operate("PUT", `/instance/${id}:stop`);
    await client.operate("PUT", `/instance/${id}:start`, {});
    expect(calls).toEqual(["create", "stop", "start"]);
    change(id, "stopped");
    expect((await get(id)).state).toBe("stopped");
  });

  it("comes with the next reboot", async () => {
    const id = await make();
    fault("reboot-instance");
    for (let n = 0; n < 3; n++) await client.operate("PUT", `/instance/${id}:reboot`);
    expect(calls).toEqual(["create", "start", "stop", "start", "reboot"]);
    expect((await get(id)).state).toBe("running");
  });

  it("comes with the next reset", async () => {
    const id = await make();
    fault("reset-instance");
    await client.operate("PUT", `/instance/${id}:reset`, {});
    await client.operate("PUT", `/instance/${id}:reset`, {});
    expect(calls).toEqual(["create", "start", "reset", "reset", "start"]);
  });
});
