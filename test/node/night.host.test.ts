/** bin/reboot-window's loop with the real locksmithd, a real infra-etcd and API, and a stand-in for update-engine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
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
  // It checks more often than on a node.
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
  // Nothing that bin/health checks is here: a test sets what it prints.
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
  test("a node that is not healthy stays cordoned and keeps the lock", async () => {
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

  test("once it is healthy it is uncordoned, and the lock is free", async () => {
    health();
    await so("the lock to be free", async () => (await holders()) === "");
    const { metadata, spec } = await node.json<NodeObject>(`get node ${me}`);
    expect(spec.unschedulable).toBeUndefined();
    expect(metadata.annotations?.[drainAnnotation]).toBeUndefined();
    expect(loop.said()).toContain("healthy, and without the lock");
  });

  test("an operator's cordon stays", async () => {
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
      "it is not healthy itself",
      "test-master-1: no flannel lease yet",
      async () => health("test-master-1: no flannel lease yet", "more"),
      async () => health(),
    ],
    [
      "another node holds the lock",
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
    // Without the update again, or it would reboot as soon as it may.
    await node.must("busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager ResetStatus");
    await so("no update", async () => (await reason()) === "no update waits");
    await after();
  });

  test("the lock of a machine that is no longer a node is released", async () => {
    await locksmithctl(`lock ${"9".repeat(32)}`);
    await node.announceUpdate();
    await so("the lock to be taken", async () => (await holders()) === ID);
    expect(loop.said()).toContain(`the lock was held by ${"9".repeat(32)}, which is no node of this cluster`);
    await node.must("busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager ResetStatus");
    await so("the lock to be free", async () => (await holders()) === "");
  });

  test("another node that is cordoned by an operator does not hold it back: locksmithd takes the lock", async () => {
    await node.kubectl("cordon other");
    await node.announceUpdate();
    await so("the lock to be taken", async () => (await holders()) === ID);
    expect(await runs()).toBe(true);
    expect(await reason()).toBe("");
    await node.kubectl("uncordon other");
  });

  test("when a node is no longer healthy locksmithd is stopped and the lock released", async () => {
    await node.register("other", { ready: false, machineID: OTHER });
    await so("locksmithd to be gone", async () => !(await runs()));
    await so("the lock to be free", async () => (await holders()) === "");
    await node.register("other", { machineID: OTHER });
    await so("the lock to be taken", async () => (await holders()) === ID);
  });

  test("a node that is already going down keeps the lock", async () => {
    node.goingDown(true);
    await node.register("other", { ready: false, machineID: OTHER });
    await so("locksmithd to be gone", async () => !(await runs()));
    await sleep(6000);
    expect(await holders()).toBe(ID);
    node.goingDown(false);
    await so("the lock to be free", async () => (await holders()) === "");
    await node.register("other", { machineID: OTHER });
  });

  test("the end of the window stops locksmithd", async () => {
    await so("the lock to be taken", async () => (await holders()) === ID);
    // It began an hour ago and lasted an hour.
    const start = new Date(Date.now() - 3_600_000).toLocaleTimeString("en-GB", {
      timeZone: node.args.timeZone,
      hour: "2-digit",
      minute: "2-digit",
    });
    await loop.stop();
    await node.apply({ rebootWindow: { start, length: 3600 } });
    node.place("/run/kubernetes/bin/health", "exit 0");
    loop = await startLoop();
    await so("the window to be closed", async () => (await reason()) === "the window is closed");
    expect(await runs()).toBe(false);
    expect(await holders()).toBe("");
    // Flatcar starts locksmithd at boot, too: its unit's condition fails then.
    expect((await node.run("test -e /run/kubernetes/reboot-window.open")).code).not.toBe(0);
  });
});

test("the report is complete", { timeout: 60_000 }, async () => {
  // As `npm run status` sends it.
  const script = readFileSync(join(import.meta.dirname, "../../node/remote/report"), "utf8");
  const report = () => node.run(`bash -s << 'END OF REPORT'\n${script}END OF REPORT`);
  const { code, stdout } = await report();
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
  expect(JSON.parse((await report()).stdout)).toMatchObject({
    name: me,
    drainedSince: null,
    update: null,
    etcd: { infra: { isHealthy: false, memberId: null, members: null } },
    lock: null,
  });
});
