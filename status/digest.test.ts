import { expect, test } from "vitest";
import { digest } from "./digest.ts";
import { masters, minutesAgo, Situation, workers } from "./testing/fixtures.ts";

const facts = (situation: Situation) => digest(situation.answers);
const node = (situation: Situation, name: string) => facts(situation).nodes.find((each) => each.name === name)!;

test("of a dead node the facts are what the API and the stack know", () => {
  expect(node(new Situation().notReady("dev-worker-2", 12).silence("dev-worker-2"), "dev-worker-2")).toMatchObject({
    role: "worker",
    address: "198.18.0.15",
    inStack: true,
    state: "NotReady",
    stateSince: minutesAgo(12),
    answers: false,
    kubelet: "v1.36.4",
    osVersion: null,
    upSince: null,
    update: null,
  });
});

test("while the API is down, a node's report is all that is known", () => {
  const situation = new Situation().silenceApi().say("dev-worker-2", { drainedSince: minutesAgo(4) });
  expect(node(situation, "dev-worker-2")).toMatchObject({
    state: "Unknown",
    osVersion: "4757.2.0",
    cordoned: { by: "itself", since: minutesAgo(4) },
    isRestarting: true,
  });
});

test("the API names a holder that the node could not name", () => {
  expect(facts(new Situation().lock("dev-worker-2")).lock.holders).toEqual([
    { id: "machine-dev-worker-2", name: "dev-worker-2", node: "dev-worker-2", since: null },
  ]);
  expect(facts(new Situation().lock("pulumi since 2026-11-24T03:00:00Z")).lock.holders).toEqual([
    { id: "pulumi since 2026-11-24T03:00:00Z", name: "pulumi", node: null, since: "2026-11-24T03:00:00Z" },
  ]);
});

test("one node's report of the lock is enough", () => {
  const situation = new Situation()
    .sayAll({ lock: null })
    .say("dev-worker-3", { lock: { holders: [], drainedSeconds: {} } });
  expect(facts(situation).lock).toMatchObject({ isKnown: true, holders: [] });
});

test("a late window ends on the next day", () => {
  const window = {
    start: "23:30",
    length: 5400,
    timeZone: "UTC",
    isOpen: true,
    opens: minutesAgo(-60),
    locksmithd: true,
    waitsFor: null,
  };
  expect(facts(new Situation().say("dev-worker-1", { window })).windows.workers).toMatchObject({
    start: "23:30",
    end: "01:00",
  });
  expect(facts(new Situation().silence(...workers)).windows).toMatchObject({
    masters: { end: "05:00" },
    workers: null,
  });
});

test("waitsFor is null unless an update needs a reboot", () => {
  expect(node(new Situation(), "dev-master-1").update).toMatchObject({ waitsFor: null });
  const update = { status: "UPDATE_STATUS_UPDATED_NEED_REBOOT", version: "9", since: null };
  const window = {
    start: "04:00",
    length: 3600,
    timeZone: "UTC",
    isOpen: true,
    opens: minutesAgo(-60),
    locksmithd: false,
    waitsFor: "dev-worker-1 is drained",
  };
  expect(node(new Situation().say("dev-master-1", { update, window }), "dev-master-1").update).toMatchObject({
    waitsFor: "dev-worker-1 is drained",
  });
});

test("certificates: the first to expire first, whole days, due by the stack's renewBefore", () => {
  const situation = new Situation().say("dev-worker-3", {
    certificates: [
      { name: "kubelet", notAfter: minutesAgo(-1440 * 10.5) },
      { name: "infra-etcd", notAfter: minutesAgo(60) },
    ],
  });
  situation.answers.renewBefore = 24 * 10;
  expect(facts(situation).certificates.slice(0, 2)).toMatchObject([
    { name: "infra-etcd", daysLeft: -1, isDue: true },
    { name: "kubelet", daysLeft: 10, isDue: false },
  ]);
  situation.answers.renewBefore = 24 * 11;
  expect(facts(situation).certificates[1]).toMatchObject({ name: "kubelet", isDue: true });
  expect(facts(situation).certificates.some(({ where }) => where === "kubeconfig")).toBe(true);
});

test("the member list names a leader whose master does not answer", () => {
  expect(facts(new Situation().silence("dev-master-2")).etcds!.infra).toMatchObject({
    hasQuorum: true,
    leader: "dev-master-2",
    // No answer over SSH, but Ready: its health is unknown.
    members: [
      { name: "dev-master-1", isHealthy: true },
      { name: "dev-master-2", isHealthy: null, isMember: true },
      { name: "dev-master-3", isHealthy: true },
    ],
  });
});

test("the member list is taken from a healthy member", () => {
  const members = masters.slice(0, 2).map((name, i) => ({ id: String(i + 1), name, isLearner: false }));
  const situation = new Situation().member("dev-master-1", "infra", { isHealthy: false, members });
  expect(facts(situation).etcds!.infra.members.map(({ isMember }) => isMember)).toEqual([true, true, true]);
});

test("a member that is down says nothing about the others; too many that are down disprove a quorum", () => {
  const down = { isHealthy: false, memberId: null, leaderId: null, version: null, members: null, alarms: null };
  const one = new Situation().silence("dev-master-2", "dev-master-3").member("dev-master-1", "infra", down);
  expect(facts(one).etcds!.infra.hasQuorum).toBe(null);
  const two = new Situation()
    .silence("dev-master-3")
    .member("dev-master-1", "infra", down)
    .member("dev-master-2", "infra", down);
  expect(facts(two).etcds!.infra.hasQuorum).toBe(false);
});

test("if no master answers, the etcds are unknown", () => {
  expect(facts(new Situation().silence(...masters)).etcds!.kubernetes).toMatchObject({ hasQuorum: null, leader: null });
});
