/** The reboot lock: the node's own script with the real locksmithctl on a real infra-etcd's v2 API. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drainAnnotation } from "../../node/remote/scripts.ts";
import { openMachine, type Machine } from "./machine.ts";

let node: Machine;
beforeAll(async () => {
  node = await openMachine();
  await Promise.all([node.startEtcd("infra-etcd"), node.startEtcd("kubernetes-etcd")]);
  await node.startApiserver();
  await node.register("dev-worker-1", { machineID: "aaaa" });
  await node.register("dev-worker-2", { machineID: "bbbb" });
}, 180_000);
afterAll(() => node[Symbol.asyncDispose]());

const lock = (...args: string[]) => node.script("reboot-lock", ...args);
const holders = async () => (await lock("holders")).stdout.trim();
interface Shown {
  holders: { id: string; node: string | null; since: string | null }[];
  drainedSeconds: Record<string, number>;
}
const shown = async () => JSON.parse((await lock("show")).stdout) as Shown;
/** What another node's locksmithd does. */
const locksmithctl = (command: string) =>
  node.must(`locksmithctl --endpoint https://127.0.0.1:4001 --etcd-cafile /run/kubernetes/pki/infra-etcd-ca.crt \
  --etcd-certfile /run/kubernetes/pki/infra-etcd.crt --etcd-keyfile /run/kubernetes/pki/node.key ${command}`);

describe("the lock", () => {
  test("has no holder at first", async () => {
    expect(await shown()).toEqual({ holders: [], drainedSeconds: {} });
    expect(await lock("give", "pulumi")).toMatchObject({ code: 0 });
  });

  test("is taken with a time, and again by the same name", async () => {
    const { code, stdout } = await lock("take", "pulumi", "0");
    expect(code).toBe(0);
    const [holder] = (JSON.parse(stdout) as Shown).holders;
    expect(holder!.id).toMatch(/^pulumi since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(holder).toMatchObject({ node: null, since: holder!.id.slice("pulumi since ".length) });
    expect(await lock("take", "pulumi", "0")).toMatchObject({ code: 0 });
    expect(await holders()).toBe(holder!.id);
  });

  test("is not taken by another until it is released", async () => {
    expect(await lock("take", "'removal of dev-worker-1'", "1")).toMatchObject({ code: 75 });
    expect(await lock("give", "pul")).toMatchObject({ code: 0 });
    expect(await holders()).toMatch(/^pulumi since /);
    const waiting = lock("take", "'removal of dev-worker-1'", "30");
    await lock("give", "pulumi");
    expect(await waiting).toMatchObject({ code: 0 });
    expect(await holders()).toMatch(/^removal of dev-worker-1 since /);
    expect(await lock("give", "'removal of dev-worker-1'")).toMatchObject({ code: 0, stdout: "" });
    expect(await holders()).toBe("");
  });

  test("shows the name of a node that holds it and since when it is drained, and is released by the node's name or id", async () => {
    await locksmithctl("lock aaaa");
    const since = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, "");
    await node.kubectl(`annotate node dev-worker-1 ${drainAnnotation}=${since}`);
    // What a node says of itself is no time, or anything else.
    await node.kubectl(`annotate node dev-worker-2 ${drainAnnotation}=soon`);
    const {
      holders: [holder],
      drainedSeconds,
    } = await shown();
    expect(holder).toEqual({ id: "aaaa", node: "dev-worker-1", since });
    expect(drainedSeconds["dev-worker-1"]).toBeGreaterThanOrEqual(60);
    expect(Object.keys(drainedSeconds)).toEqual(["dev-worker-1"]);
    await node.kubectl(`annotate node dev-worker-1 dev-worker-2 ${drainAnnotation}-`);

    await lock("give", "dev-worker-2");
    expect(await holders()).toBe("aaaa");
    await lock("give", "dev-worker-1");
    expect(await holders()).toBe("");
    await locksmithctl("lock bbbb");
    await lock("give", "bbbb");
    expect(await holders()).toBe("");
  });

  test("is waited for as long as holders change", async () => {
    await locksmithctl("lock aaaa");
    let waits = true;
    const waiting = lock("take", "pulumi", "6").finally(() => (waits = false));
    for (const holder of ["bbbb", "aaaa", "bbbb", "aaaa"]) {
      await sleep(2000);
      // In one step, or the waiting taker is quicker.
      await node.must(`curl -sf --cacert /run/kubernetes/pki/infra-etcd-ca.crt --cert /run/kubernetes/pki/infra-etcd.crt --key /run/kubernetes/pki/node.key \
        -X PUT https://127.0.0.1:4001/v2/keys/coreos.com/updateengine/rebootlock/semaphore --data-urlencode 'value={"semaphore":0,"max":1,"holders":["${holder}"]}'`);
    }
    expect(waits).toBe(true);
    await lock("give", "aaaa");
    expect(await waiting).toMatchObject({ code: 0 });
    await lock("give", "pulumi");
  });
});

test("a dead master is skipped", { timeout: 60_000 }, async () => {
  await node.apply({
    masters: [
      { name: "dead", address: "127.0.0.9" },
      { name: "alive", address: "127.0.0.1" },
    ],
  });
  for (let i = 0; i < 5; i++) {
    expect(await lock("take", "pulumi", "0")).toMatchObject({ code: 0 });
    expect(await lock("give", "pulumi")).toMatchObject({ code: 0 });
  }
  await node.apply({});
});

test("without the API the holder is known by id only; without infra-etcd not at all", { timeout: 60_000 }, async () => {
  await locksmithctl("lock aaaa");
  await node.must("pkill --signal KILL kube-apiserver");
  expect(await shown()).toEqual({ holders: [{ id: "aaaa", node: null, since: null }], drainedSeconds: {} });
  // A node releases its own lock also without the API.
  expect(await lock("give", "aaaa")).toMatchObject({ code: 0 });
  await node.must("pkill --signal KILL --full '[i]nfra-etcd.yaml'");
  for (const command of [["show"], ["take", "pulumi", "0"], ["give", "pulumi"]]) {
    const { code, stderr } = await lock(...command);
    expect(code, command.join(" ")).toBe(69);
    expect(stderr).toContain("infra-etcd does not answer: ");
  }
});
