/** Masters whose machine is deleted or whose disk is dead or empty, and a power cut. */
import assert from "node:assert/strict";

import { scriptCommand } from "../../../node/remote/scripts.ts";
import { ports } from "../../../ports.ts";
import { startClients, startCounting } from "../../cluster/clients.ts";
import { eventually, masters, run, six, ssh, status } from "../../cluster/user.ts";
import type { Verdict } from "../scenarios.ts";
import { changed, type Cluster } from "./cluster.ts";

type Say = (text: string) => void;

export const lostMasters = masters.flatMap((name) => [
  `${name} is deleted`,
  `the disk of ${name} is dead`,
  `the disk of ${name} is empty`,
]);

/** Loses one master and brings it back while clients write and read. */
export async function lostMaster(cluster: Cluster, which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  const name = masters.find((each) => which.includes(each))!;
  const others = six.filter((each) => each !== name);
  const [instance, boots, member] = [await cluster.instance(name), await cluster.boots(others), await memberOf(name)];
  const clients = await startClients();
  if (which.endsWith("is empty")) {
    // The node notices at boot.
    await cluster.api.operate("PUT", `/instance/${instance.id}:reset`, {});
  } else if (which.endsWith("is dead")) {
    await run(`bin/zone pause ${name}`);
    const command = await eventually(
      `status names the command for ${name}`,
      180,
      () => replacement(name),
      (found) => found !== undefined,
    );
    await run(`${command} --yes --skip-preview`, { timeout: 1_800 });
  } else {
    await cluster.api.operate("DELETE", `/instance/${instance.id}`);
    await cluster.up({}, "--refresh");
  }
  // With an empty disk the node pulls its images first.
  await eventually(
    `${name} has joined as another member`,
    600,
    () => memberOf(name),
    (id) => id !== member,
  );
  await cluster.untilWell();
  // The lost master and at most one worker, which reboots for the new address; never a second master.
  const { summary } = await clients.end(2);
  say(summary);
  await expectMembers();
  const again = await cluster.instance(name);
  const isAnother = again.id !== instance.id;
  assert.equal(isAnother, !which.endsWith("is empty"), "the instance was replaced");
  assert.deepEqual(
    changed(boots, await cluster.boots(others)),
    isAnother ? others : [],
    "nodes that rebooted for the new address",
  );
  if (!isAnother) return "right";
  for (const other of six) {
    const mentions = await ssh(
      other,
      `sudo grep --recursive --files-with-matches --fixed-strings --word-regexp ${instance.address} /run/kubernetes || true`,
    );
    assert.equal(mentions, "", `${other} still mentions the former address of ${name}`);
  }
  return "repaired";
}

/** The command that `npm run status` names for a master with a dead disk; undefined if it names none. */
async function replacement(name: string): Promise<string | undefined> {
  const { problems } = await status();
  return problems
    .filter(({ where }) => where === name)
    .map(({ todo }) => /`(bin\/pulumi up --replace [^`]+)`/.exec(todo)?.[1])
    .find(Boolean);
}

interface Member {
  readonly ID: string;
  readonly name?: string;
}

async function membersOf(etcd: "kubernetes-etcd" | "infra-etcd", by: string): Promise<Member[]> {
  // infra-etcd wants to know who asks, in JSON by a password.
  const ask =
    etcd === "infra-etcd"
      ? "source $bin/infra; infra 127.0.0.1 cluster/member/list"
      : `call kubernetes-etcd apiserver-etcd-client https://127.0.0.1:${ports.etcdClient}/v3/cluster/member/list --data`;
  const list = await ssh(by, `sudo bash -c 'source /run/kubernetes/bin/common; ${ask} "{\\"linearizable\\": true}"'`);
  return (JSON.parse(list) as { members: Member[] }).members;
}

/** A master's member id in kubernetes-etcd, asked of another master; `none` if it is not a member. */
async function memberOf(master: string): Promise<string> {
  const members = await membersOf(
    "kubernetes-etcd",
    masters.find((name) => name !== master)!,
  );
  return members.find(({ name }) => name === master)?.ID ?? "none";
}

/** Checks that all masters are healthy and that both etcds have exactly them as members. */
export async function expectMembers(): Promise<void> {
  for (const member of masters) {
    assert.equal(await ssh(member, `${scriptCommand("health", "--cluster")} && echo well`), "well", member);
    for (const etcd of ["kubernetes-etcd", "infra-etcd"] as const) {
      assert.deepEqual((await membersOf(etcd, member)).map(({ name }) => name).sort(), masters, `members of ${etcd}`);
    }
  }
}

/** All six machines lose power and get it back: the cluster recovers by itself and keeps every acknowledged write. */
export async function powerCut(cluster: Cluster, _which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  const [before, boots] = [await cluster.instances(), await cluster.boots(six)];
  const writer = await startCounting();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await run(six.map((name) => `bin/zone kill ${name} &`).join("\n") + "\nwait");
  for (const { state, name } of (await cluster.instances()).values()) assert.equal(state, "stopped", name);
  // A provider does the same once its power is back.
  const started = performance.now();
  await Promise.all([...before.values()].map(({ id }) => cluster.api.operate("PUT", `/instance/${id}:start`, {})));
  await cluster.untilWell(600);
  say(`all healthy after ${Math.round((performance.now() - started) / 1_000)} s`);
  const { acknowledged, found } = await writer.stop();
  assert.ok(
    acknowledged > 5 && found >= acknowledged,
    `${acknowledged} writes were acknowledged, but the ConfigMap holds ${found}`,
  );
  assert.deepEqual(changed(boots, await cluster.boots(six)), six);
  await expectMembers();
  return "right";
}
