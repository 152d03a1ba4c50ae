import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cases, m1, m2, m3, needsReboot, noLeader, w2 } from "./testing/cases.ts";
import { digest } from "./digest.ts";
import { minutesAgo, object, Situation } from "./testing/fixtures.ts";
import { judge } from "./judge.ts";
import { type ProblemKind, problemKinds } from "./problems.ts";
import { parseNodes } from "./answers.ts";

const status = (situation: Situation) => judge(digest(situation.answers));
const problems = (situation: Situation) => status(situation).problems;
const kindsOf = (situation: Situation) => problems(situation).map(({ kind, where }) => `${kind} ${where}`);

test("a healthy cluster has no problems", () => {
  const { state, problems, version } = status(new Situation());
  expect({ state, problems, version }).toEqual({ state: "OK", problems: [], version: 1 });
});

describe("every kind of problem", () => {
  test.each(cases)("$name", ({ broken, found, what, todo }) => {
    expect(kindsOf(broken)).toEqual(found);
    const [first] = problems(broken);
    expect(first!.what).toMatch(what);
    if (typeof todo === "string") expect(first!.todo).toBe(todo);
    else expect(first!.todo).toMatch(todo);
    expect(status(broken).state).toBe(problemKinds[first!.kind].severity);
  });

  test("has a command line to type, or a page to read", () => {
    const todos = new Set(cases.flatMap(({ broken }) => problems(broken).map(({ todo }) => todo)));
    for (const todo of todos) {
      if (/^(free space: )?see “/.test(todo)) continue;
      const quoted = [...todo.matchAll(/`([^`]+)`/g)].map(([, command]) => command!);
      for (const command of quoted.length > 0 ? quoted : [todo]) {
        expect(command).toMatch(/^bin\/(ssh|kubectl|pulumi) /);
        expect(spawnSync("bash", ["-n", "-c", command], { encoding: "utf8" }).stderr, command).toBe("");
      }
    }
  });

  test("is among these", () => {
    const seen = new Set(cases.flatMap(({ broken }) => problems(broken).map(({ kind }) => kind)));
    expect(Object.keys(problemKinds).filter((kind) => !seen.has(kind as ProblemKind))).toEqual(["not-asked"]);
  });
});

describe("a node that restarts normally is not a problem", () => {
  test.each<[string, Situation]>([
    ["draining", new Situation().drained(w2, 20).lock(w2)],
    ["down, and NotReady", new Situation().drained(w2, 8).notReady(w2, 6).silence(w2).lock(w2)],
    ["down, and still Ready", new Situation().drained(w2, 3).silence(w2).lock(w2)],
    [
      "just booted",
      new Situation()
        .drained(w2, 8)
        .notReady(w2, 7)
        .say(w2, { upSince: minutesAgo(0.5), problems: ["no flannel lease yet"], update: null })
        .lock(w2),
    ],
    ["rebooted by an administrator, without the lock", new Situation().drained(w2, 3).notReady(w2, 2).silence(w2)],
    ["with the lock, and cordoned by an operator before", new Situation().notReady(w2, 2).silence(w2).lock(w2)],
    ["a master, and its etcd members with it", new Situation().drained(m3, 3).notReady(m3, 2).silence(m3).lock(m3)],
    [
      "a master that has booted before its etcd members are up",
      new Situation()
        .drained(m3, 3)
        .notReady(m3, 2)
        .say(m3, { upSince: minutesAgo(0.5), problems: [`apiserver of ${m3} is not ready`], lock: null })
        .member(m3, "kubernetes", { isHealthy: false, leaderId: null })
        .member(m3, "infra", { isHealthy: false, leaderId: null }),
    ],
    ["healthy again, still holding the lock", new Situation().say(w2, { upSince: minutesAgo(3) }).lock(w2)],
  ])("%s", (_name, situation) => {
    expect(problems(situation)).toEqual([]);
  });

  test("but a quorum that is lost with it is a problem", () => {
    const broken = new Situation()
      .drained(m3, 3)
      .notReady(m3, 2)
      .silence(m3)
      .member(m1, "kubernetes", noLeader)
      .member(m2, "kubernetes", noLeader);
    expect(kindsOf(broken)).toContain("etcd-no-quorum kubernetes-etcd");
  });
});

test("a node that is down without a drain or the lock is a problem immediately", () => {
  expect(kindsOf(new Situation().notReady(w2, 1).silence(w2))).toEqual([`node-not-ready ${w2}`]);
});

test.each<[string, Situation]>([
  ["another is down too", new Situation().notReady(m2, 12).notReady(m3, 12).silence(m2, m3)],
  [
    "kubernetes-etcd has no leader",
    [m1, m3].reduce(
      (all, name) => all.member(name, "kubernetes", noLeader),
      new Situation().notReady(m2, 12).silence(m2),
    ),
  ],
  [
    "infra-etcd has no leader",
    [m1, m3].reduce((all, name) => all.member(name, "infra", noLeader), new Situation().notReady(m2, 12).silence(m2)),
  ],
])("no todo replaces a master while %s", (_name, situation) => {
  const todos = problems(situation)
    .map(({ todo }) => todo)
    .join("\n");
  expect(todos).toContain("replace no master before the others are back");
  expect(todos).not.toContain("--replace");
});

describe("what is unknown is not a problem", () => {
  test("a Pulumi run on another backend may hold the lock", () => {
    const situation = new Situation().lock(`pulumi since ${minutesAgo(10)}`);
    situation.answers.isPulumiRunning = null;
    expect(problems(situation)).toEqual([]);
  });

  test("a Pulumi run that is active may hold the lock", () => {
    const situation = new Situation().lock(`pulumi since ${minutesAgo(10)}`);
    situation.answers.isPulumiRunning = true;
    expect(problems(situation)).toEqual([]);
  });

  test("nodes that could not ask the cluster's DNS, and an API that does not tell of add-ons", () => {
    const situation = new Situation().sayApi({ addons: null });
    situation.answers.nodes = situation.answers.nodes.map((node) => ({ ...node, dns: null }));
    expect(problems(situation)).toEqual([]);
  });

  test("an add-on that waits for a node, or for a Pulumi run that changes it", () => {
    expect(problems(new Situation().coredns({ available: 1 }).drained(w2, 3).silence(w2).lock(w2))).toEqual([]);
    const rollout = new Situation().coredns({ available: 1 });
    rollout.answers.isPulumiRunning = true;
    expect(problems(rollout)).toEqual([]);
  });

  test("a node that restarts, and its way to the cluster's DNS", () => {
    const situation = new Situation()
      .drained(w2, 8)
      .notReady(w2, 7)
      .say(w2, { upSince: minutesAgo(0.5) })
      .lock(w2);
    expect(problems(situation.silenceDns(w2))).toEqual([]);
  });

  test("an update that is pending for its first window", () => {
    expect(problems(new Situation().say(m1, { update: { ...needsReboot, since: minutesAgo(600) } }))).toEqual([]);
    expect(problems(new Situation().say(m1, { update: { ...needsReboot, since: null } }))).toEqual([]);
  });

  test("a window of 24 h is long enough for any number of nodes", () => {
    const situation = new Situation();
    for (let n = 4; n < 400; n++)
      situation.answers.nodes = [
        ...situation.answers.nodes,
        { ...situation.answers.nodes[5]!, name: `dev-worker-${n}` },
      ];
    situation.objects.push(
      ...parseNodes(
        JSON.stringify({ items: situation.answers.nodes.slice(6).map(({ name }) => object(name, "198.18.1.1")) }),
      ),
    );
    situation.sayAll({
      window: {
        start: "00:00",
        length: 86_400,
        timeZone: "UTC",
        isOpen: true,
        opens: null,
        locksmithd: false,
        waitsFor: null,
      },
    });
    expect(problems(situation)).toEqual([]);
  });
});

test("the lines of bin/health that judge matches are those it prints", () => {
  const health = ["node/health", "master/master-health"]
    .map((file) => readFileSync(join(import.meta.dirname, "../ignition/files", file), "utf8"))
    .join("");
  for (const line of [
    "kubernetes-etcd of ",
    "infra-etcd of ",
    "apiserver of ",
    "node is cordoned",
    "node is drained",
    "node is not Ready",
    "API does not answer",
    "kube-proxy does not answer",
    "kube-scheduler does not answer",
  ]) {
    expect(health).toContain(`problem "${line}`);
  }
  expect(readFileSync(join(import.meta.dirname, "../ignition/files/node/common"), "utf8")).toContain(
    "mark=kubernetes-on-exoscale/drained",
  );
});
