/** Machines that are gone, dead or empty. */
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

/** One master at a time: what brings it back, with everybody at work meanwhile. */
export async function lostMaster(cluster: Cluster, which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  const name = masters.find((each) => which.includes(each))!;
  const others = six.filter((each) => each !== name);
  const [instance, boots, member] = [await cluster.instance(name), await cluster.boots(others), await memberOf(name)];
  const clients = await startClients();
  if (which.endsWith("is empty")) {
    // Its boot finds out by itself.
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
  // With an empty disk it pulls its images first.
  await eventually(
    `${name} is another member`,
    600,
    () => memberOf(name),
    (id) => id !== member,
  );
  await cluster.untilWell();
  // The one that is away, one more master never; a worker's own reboot for the new address goes on beside it.
  const { summary } = await clients.end(2);
  say(summary);
  await expectMembers();
  const again = await cluster.instance(name);
  const isAnother = again.id !== instance.id;
  assert.equal(isAnother, !which.endsWith("is empty"), "whether it is another instance");
  assert.deepEqual(
    changed(boots, await cluster.boots(others)),
    isAnother ? others : [],
    "who took another address by a reboot",
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

/** What `npm run status` says is to be typed when its disk is dead. */
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
  const pki = "/run/kubernetes/pki";
  const [client, port] =
    etcd === "infra-etcd" ? [etcd, ports.infraEtcdClient] : ["apiserver-etcd-client", ports.etcdClient];
  const list = await ssh(
    by,
    `sudo curl --silent --fail --cacert ${pki}/${etcd}-ca.crt --cert ${pki}/${client}.crt --key ${pki}/node.key --data '{"linearizable": true}' https://127.0.0.1:${port}/v3/cluster/member/list`,
  );
  return (JSON.parse(list) as { members: Member[] }).members;
}

/** By another master's word, the id under which a master is a member of kubernetes-etcd; `none` while it is none. */
async function memberOf(master: string): Promise<string> {
  const members = await membersOf(
    "kubernetes-etcd",
    masters.find((name) => name !== master)!,
  );
  return members.find(({ name }) => name === master)?.ID ?? "none";
}

/** Both etcds have the three masters as members, each of them healthy. */
export async function expectMembers(): Promise<void> {
  for (const member of masters) {
    assert.equal(await ssh(member, `${scriptCommand("health", "--cluster")} && echo well`), "well", member);
    for (const etcd of ["kubernetes-etcd", "infra-etcd"] as const) {
      assert.deepEqual((await membersOf(etcd, member)).map(({ name }) => name).sort(), masters, `members of ${etcd}`);
    }
  }
}

/** The power of all six goes at once and comes back: nobody does anything, and what was acknowledged is there. */
export async function powerCut(cluster: Cluster, _which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  const [before, boots] = [await cluster.instances(), await cluster.boots(six)];
  const writer = await startCounting();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await run(six.map((name) => `bin/zone kill ${name} &`).join("\n") + "\nwait");
  for (const { state, name } of (await cluster.instances()).values()) assert.equal(state, "stopped", name);
  // As a provider does whose power is back.
  const started = performance.now();
  await Promise.all([...before.values()].map(({ id }) => cluster.api.operate("PUT", `/instance/${id}:start`, {})));
  await cluster.untilWell(600);
  say(`all well after ${Math.round((performance.now() - started) / 1_000)} s`);
  const { acknowledged, found } = await writer.stop();
  assert.ok(acknowledged > 5 && found >= acknowledged, `of ${acknowledged} acknowledged writes ${found} are there`);
  assert.deepEqual(changed(boots, await cluster.boots(six)), six);
  await expectMembers();
  return "right";
}
