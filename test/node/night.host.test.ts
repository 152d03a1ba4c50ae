/** A node's night: the node's own loop, the real locksmithd, a real infra-etcd and API, update-engine's stand-in. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drainAnnotation } from "../../node/remote/scripts.ts";
import { openMachine, until, type Machine, type Ran } from "./machine.ts";

interface NodeObject {
  metadata: { annotations?: Record<string, string> };
  spec: { unschedulable?: boolean };
}
const ID = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";
/** Always open. */
const OPEN = { start: "04:00", length: 86_400 };

let node: Machine;
let me: string;
let loop: { stop(): Promise<void>; said(): string };

const locksmithctl = (command: string) =>
  node.must(`locksmithctl --endpoint https://127.0.0.1:4001 --etcd-cafile /run/kubernetes/pki/infra-etcd-ca.crt \
  --etcd-certfile /run/kubernetes/pki/infra-etcd.crt --etcd-keyfile /run/kubernetes/pki/node.key ${command}`);
const holders = async () => (await node.script("reboot-lock", "holders")).stdout.trim();
const runs = async () => (await node.run("systemctl is-active locksmithd.service")).code === 0;
const health = (...problems: string[]) =>
  node.place("/run/stand-in/health", problems.map((each) => `${each}\n`).join(""));
const reason = async () => (await node.run("cat /run/kubernetes/reboot-window.reason")).stdout.trim();
const so = (what: string, is: () => Promise<boolean>) =>
  until(what, 40, async (): Promise<Ran> => ({
    code: (await is()) ? 0 : 1,
    stdout: loop.said(),
    stderr: await reason(),
  }));

/** The node's loop, as its unit would run it. */
async function startLoop(): Promise<typeof loop> {
  // It looks more often than on a node.
  await node.must("sed -i 's/sleep 5/sleep 1/' /run/kubernetes/bin/reboot-window");
  const name = `loop-${performance.now()}`;
  const child = node.start(name, ["bash", "/run/kubernetes/bin/reboot-window"]);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    said: () => node.log(name),
    stop: async () => {
      await node.must("pkill --full '^bash /run/kubernetes/bin/reboot-windo[w]$'");
      await ended;
    },
  };
}

beforeAll(async () => {
  node = await openMachine({ rebootWindow: OPEN });
  me = node.args.name;
  await Promise.all([node.startEtcd("infra-etcd"), node.startEtcd("kubernetes-etcd"), node.startUpdateEngine()]);
  await node.startApiserver();
  await node.register(me, { machineID: ID });
  await node.register("other", { machineID: OTHER });
  // What it looks at is not here: its verdict is what a test says.
  node.place(
    "/run/kubernetes/bin/health",
    `[[ " $* " == *" --drained "* ]] || /opt/bin/kubectl --kubeconfig /run/kubernetes/super-admin.kubeconfig \
    get node ${me} -o yaml | grep -q ${drainAnnotation} && echo drained; cat /run/stand-in/health; [[ ! -s /run/stand-in/health ]]`,
  );
}, 180_000);
afterAll(async () => {
  await loop?.stop();
  await node[Symbol.asyncDispose]();
});

describe("back from a reboot", { timeout: 120_000 }, () => {
  test("a node that is not well stays cordoned and keeps the lock", async () => {
    await node.kubectl(
      `patch node ${me} --type=merge --patch '{"spec":{"unschedulable":true},"metadata":{"annotations":{"${drainAnnotation}":"2026-11-24T04:10:00Z"}}}'`,
    );
    await locksmithctl(`lock ${ID}`);
    health("kubelet does not answer");
    loop = await startLoop();
    await sleep(4000);
    expect((await node.json<NodeObject>(`get node ${me}`)).spec.unschedulable).toBe(true);
    expect(await holders()).toBe(ID);
  });

  test("once it is well it is uncordoned, and the lock is free", async () => {
    health();
    await so("the lock to be free", async () => (await holders()) === "");
    const { metadata, spec } = await node.json<NodeObject>(`get node ${me}`);
    expect(spec.unschedulable).toBeUndefined();
    expect(metadata.annotations?.[drainAnnotation]).toBeUndefined();
    expect(loop.said()).toContain("healthy, and without the lock");
  });

  test("somebody else's cordon stays", async () => {
    await loop.stop();
    await node.kubectl(`cordon ${me}`);
    loop = await startLoop();
    await so("the end of its return", async () => loop.said().includes("healthy, and without the lock"));
    expect((await node.json<NodeObject>(`get node ${me}`)).spec.unschedulable).toBe(true);
    await node.kubectl(`uncordon ${me}`);
  });
});

describe("in its window", { timeout: 180_000 }, () => {
  test("a node without an update does nothing", async () => {
    await so("a look", async () => (await reason()) === "no update waits");
    expect(await runs()).toBe(false);
  });

  test.each([
    [
      "another node is drained",
      "other is drained",
      () => node.kubectl(`annotate node other ${drainAnnotation}=2026-11-24T04:10:00Z`),
      () => node.kubectl(`annotate node other ${drainAnnotation}-`),
    ],
    [
      "another node is not Ready",
      "other is not Ready",
      () => node.register("other", { ready: false, machineID: OTHER }),
      () => node.register("other", { machineID: OTHER }),
    ],
    [
      "it is cordoned itself",
      "test-master-1 is cordoned",
      () => node.kubectl(`cordon ${me}`),
      () => node.kubectl(`uncordon ${me}`),
    ],
    [
      "it is not well itself",
      "test-master-1: no flannel lease yet",
      async () => health("test-master-1: no flannel lease yet", "more"),
      async () => health(),
    ],
    [
      "somebody else holds the lock",
      `the lock is held by ${OTHER}`,
      () => locksmithctl(`lock ${OTHER}`),
      () => locksmithctl(`unlock ${OTHER}`),
    ],
  ])("a node with an update does not go while %s", async (_, why, before, after) => {
    await before();
    await node.announceUpdate();
    await so(why, async () => (await reason()) === why);
    expect(await runs()).toBe(false);
    expect(await holders()).not.toBe(ID);
    // Again without an update, or it would go as soon as it may.
    await node.must("busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager ResetStatus");
    await so("no update", async () => (await reason()) === "no update waits");
    await after();
  });

  test("a lock of a machine that is no node any more is given back", async () => {
    await locksmithctl(`lock ${"9".repeat(32)}`);
    await node.announceUpdate();
    await so("the lock to be taken", async () => (await holders()) === ID);
    expect(loop.said()).toContain(`the lock was held by ${"9".repeat(32)}, which is no node of this cluster`);
    await node.must("busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager ResetStatus");
    await so("the lock to be free", async () => (await holders()) === "");
  });

  test("somebody else's cordon of another node does not keep it from going: locksmithd takes the lock", async () => {
    await node.kubectl("cordon other");
    await node.announceUpdate();
    await so("the lock to be taken", async () => (await holders()) === ID);
    expect(await runs()).toBe(true);
    expect(await reason()).toBe("");
    await node.kubectl("uncordon other");
  });

  test("when all is no longer well locksmithd is stopped and the lock given back", async () => {
    await node.register("other", { ready: false, machineID: OTHER });
    await so("locksmithd to be gone", async () => !(await runs()));
    await so("the lock to be free", async () => (await holders()) === "");
    await node.register("other", { machineID: OTHER });
    await so("the lock to be taken", async () => (await holders()) === ID);
  });

  test("a node that is already on its way down keeps the lock", async () => {
    node.goingDown(true);
    await node.register("other", { ready: false, machineID: OTHER });
    await so("locksmithd to be gone", async () => !(await runs()));
    await sleep(6000);
    expect(await holders()).toBe(ID);
    node.goingDown(false);
    await so("the lock to be free", async () => (await holders()) === "");
    await node.register("other", { machineID: OTHER });
  });

  test("the end of the window is the end of locksmithd, with an update waiting or not", async () => {
    await so("the lock to be taken", async () => (await holders()) === ID);
    // As if it had begun an hour ago and lasted an hour.
    const start = new Date(Date.now() - 3_600_000).toLocaleTimeString("en-GB", {
      timeZone: node.args.timeZone,
      hour: "2-digit",
      minute: "2-digit",
    });
    await loop.stop();
    node.apply({ rebootWindow: { start, length: 3600 } });
    node.place("/run/kubernetes/bin/health", "exit 0");
    loop = await startLoop();
    await so("the window to be closed", async () => (await reason()) === "the window is closed");
    expect(await runs()).toBe(false);
    expect(await holders()).toBe("");
    // locksmithd that somebody else starts, as Flatcar does at boot, meets its unit's condition.
    expect((await node.run("test -e /run/kubernetes/reboot-window.open")).code).not.toBe(0);
  });
});

test("the report says it all", { timeout: 60_000 }, async () => {
  const { code, stdout } = await node.script("report");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    name: me,
    role: "master",
    problems: [],
    drainedSince: null,
    window: {
      length: 3600,
      timeZone: "Europe/Zurich",
      isOpen: false,
      opens: expect.stringMatching(/Z$/),
      locksmithd: false,
      waitsFor: null,
    },
    update: { status: "UPDATE_STATUS_UPDATED_NEED_REBOOT", version: "9001.0.0" },
    certificates: expect.arrayContaining([{ name: "kubelet", notAfter: expect.stringMatching(/Z$/) }]),
    etcd: { kubernetes: { isHealthy: true, members: [{ name: me }], alarms: [] }, infra: { isHealthy: true } },
    lock: { holders: [], drainedSeconds: {} },
  });
  await node.must("pkill --signal KILL kube-apiserver; pkill --signal KILL etcd; pkill --signal KILL update-engine");
  expect(JSON.parse((await node.script("report")).stdout)).toMatchObject({
    name: me,
    drainedSince: null,
    update: null,
    etcd: { infra: { isHealthy: false, memberId: null, members: null } },
    lock: null,
  });
});
