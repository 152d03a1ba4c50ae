import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { startClients, startServing } from "./clients.ts";
import { fromNothing } from "./from-nothing.ts";
import { attempt, eventually, kubectl, masters, run, settings, six, ssh, status, workers } from "./user.ts";

/**
 * Unattended nights: the operating system updates itself while clients write and read. Reboot windows are moved to the
 * present, and the cluster is observed from outside every second. Logs of a failure stay in test-results/cluster.
 */

interface NodeObject {
  metadata: { name: string };
  spec: { unschedulable?: boolean };
  status: { nodeInfo: { bootID: string; osImage: string } };
}

const nodes = async (): Promise<Map<string, NodeObject>> => {
  const { items } = JSON.parse(await kubectl("get nodes -o json")) as { items: NodeObject[] };
  return new Map(items.map((node) => [node.metadata.name, node]));
};
const osImages = async (): Promise<Record<string, string>> =>
  Object.fromEntries([...(await nodes())].map(([name, { status }]) => [name, status.nodeInfo.osImage]));
const clock = (time: number): string => new Date(time).toISOString().slice(11, 16);
const minutes = 60_000;

const { passed } = fromNothing();
let workersFrom = 0;

beforeAll(async () => {
  const config = parseDocument(readFileSync(settings, "utf8"));
  const name = (setting: string) => ["config", `kubernetes:${setting}`];
  config.setIn(name("timeZone"), "UTC");
  config.setIn(name("masterRebootWindow"), { start: clock(Date.now() - minutes), length: "12h" });
  workersFrom = Math.ceil((Date.now() + 6 * minutes) / minutes) * minutes;
  config.setIn(name("workerRebootWindow"), { start: clock(workersFrom), length: "12h" });
  writeFileSync(settings, config.toString());
  await run("npm run up", { timeout: 1800 });
  await startServing();
});

test("status reports no problem before the night", async () => {
  const { problems } = await eventually("the cluster is healthy", 120, status, ({ code }) => code === 0);
  expect(problems).toEqual([]);
});

test(
  "six updates at the same time: nodes reboot one by one in their windows, and no client fails",
  { timeout: 1_800_000 },
  async () => {
    const before = await nodes();
    const night = await startClients();
    await run("bin/zone update --version 9001.0.0");
    await eventually("all six updated", 1500, osImages, (images) =>
      six.every((name) => images[name]?.includes("9001.0.0")),
    );
    await eventually("the lock released", 180, status, ({ lock, code }) => code === 0 && lock.holders.length === 0);
    const { away } = await night.end(1);
    expect([...new Set(away.map(({ node }) => node))].sort()).toEqual(six);
    for (const { node, from } of away) {
      if (workers.includes(node))
        expect(Date.parse(from), `${node} before its window`).toBeGreaterThanOrEqual(workersFrom);
    }
    for (const [name, { spec, status }] of await nodes()) {
      expect(spec.unschedulable, name).toBeUndefined();
      expect(status.nodeInfo.bootID, name).not.toBe(before.get(name)?.status.nodeInfo.bootID);
    }
  },
);

test(
  "a node that does not come back keeps the lock: no other reboots, and status names the node",
  { timeout: 1_200_000 },
  async () => {
    const lost = workers[1]!;
    await ssh(lost, "sudo systemctl mask containerd.service");
    await run(`bin/zone update ${lost} --version 9002.0.0`);
    const running = () => attempt(`bin/ssh ${lost} 'systemctl is-active containerd'`, { timeout: 15 });
    await eventually(`${lost} rebooted and unhealthy`, 300, running, ({ stdout }) => stdout.trim() === "inactive");
    const before = await nodes();
    await run(`bin/zone update ${masters[0]} ${workers[2]} --version 9002.0.0`);
    await new Promise((resolve) => setTimeout(resolve, 90_000));
    const after = await nodes();
    for (const name of [masters[0]!, workers[2]!])
      expect(after.get(name)!.status.nodeInfo.bootID, name).toBe(before.get(name)!.status.nodeInfo.bootID);
    const { code, lock, problems } = await status();
    expect(code).toBe(2);
    expect(lock.holders.map(({ node }) => node)).toEqual([lost]);
    expect(problems.map(({ where }) => where)).toContain(lost);
    // Repairing the node is enough; the reboot ends the connection.
    await attempt(`bin/ssh ${lost} 'sudo systemctl unmask containerd.service && sudo systemctl reboot'`, {
      timeout: 60,
    });
    await eventually("the others updated after it", 600, osImages, (images) =>
      [lost, masters[0]!, workers[2]!].every((name) => images[name]?.includes("9002.0.0")),
    );
    await eventually("the cluster is healthy", 180, status, ({ code }) => code === 0);
  },
);

test("an update night and `pulumi up` that changes the masters, at the same time", { timeout: 1_800_000 }, async () => {
  const night = await startClients();
  await run(
    `bin/pulumi config set --path masterRebootWindow.length 11h && bin/zone update ${masters.join(" ")} ${workers[0]} --version 9003.0.0`,
  );
  await run("bin/pulumi up --yes --skip-preview", { timeout: 1500 });
  await eventually("all updated", 900, osImages, (images) =>
    [...masters, workers[0]!].every((name) => images[name]?.includes("9003.0.0")),
  );
  await eventually("the cluster is healthy", 180, status, ({ code, lock }) => code === 0 && lock.holders.length === 0);
  await night.end(1);
});

test("destroy and npm run down succeed", { timeout: 600_000 }, async () => {
  await run("bin/pulumi destroy --yes --skip-preview", { timeout: 600 });
  await run("npm run down", { timeout: 300 });
  passed();
});
