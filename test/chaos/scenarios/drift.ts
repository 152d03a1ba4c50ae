import { check } from "../check.ts";
import type { Verdict } from "../scenarios.ts";
import { up, type ChaosSandbox } from "../sandbox.ts";
import { stepsIn } from "../steps.ts";

/** A change by hand, without Pulumi. */
interface Drift {
  /** What is planned to repair it: `STEP TYPE NAME`. */
  readonly plan: readonly string[];
  /** What a refresh shows of it. */
  readonly shown?: RegExp;
  do(hand: Hand): Promise<unknown>;
}

/** Changes resources by hand: finds them by name through the API. */
class Hand {
  readonly #sandbox: ChaosSandbox;

  constructor(sandbox: ChaosSandbox) {
    this.#sandbox = sandbox;
  }

  operate(method: string, path: string, body?: object): Promise<string> {
    return this.#sandbox.zone.api.operate(method, path, body);
  }

  async instance(name: string) {
    const { id } = await this.#named("/instance", "instances", name);
    return this.#sandbox.zone.api.get(`/instance/${id}`);
  }

  async group(name: string) {
    const { id } = await this.#named("/security-group", "security-groups", name);
    return this.#sandbox.zone.api.get(`/security-group/${id}`);
  }

  async #named(path: string, field: string, name: string): Promise<{ id: string }> {
    return (await this.#sandbox.zone.api.get(path))[field].find((each: { name: string }) => each.name === name);
  }
}

const drifts: Readonly<Record<string, Drift>> = {
  "an instance is stopped": {
    plan: ["update Boot chaos-worker-1"],
    shown: /~ state +: "running" => "stopped"/,
    do: async (hand) => hand.operate("PUT", `/instance/${(await hand.instance("chaos-worker-1")).id}:stop`, {}),
  },
  "a label is removed": {
    plan: ["update Instance chaos-worker-1"],
    shown: /- role *: "worker"/,
    do: async (hand) => {
      const {
        id,
        labels: { role: _role, ...labels },
      } = await hand.instance("chaos-worker-1");
      return hand.operate("PUT", `/instance/${id}`, { labels });
    },
  },
  "user-data is changed": {
    plan: ["update Boot chaos-worker-2"],
    shown: /~ userDataSha256 *: "\w+" => "\w+"/,
    do: async (hand) =>
      hand.operate("PUT", `/instance/${(await hand.instance("chaos-worker-2")).id}`, {
        "user-data": Buffer.from("#cloud-config\nhostname: by-hand\n").toString("base64"),
      }),
  },
  "the elastic IP is detached": {
    plan: ["update Instance chaos-master-1"],
    shown: /- elasticIps|- \[0\]/,
    do: async (hand) => {
      const {
        id,
        "elastic-ips": [{ id: address }],
      } = await hand.instance("chaos-master-1");
      return hand.operate("PUT", `/elastic-ip/${address}:detach`, { instance: { id } });
    },
  },
  "a security group is detached": {
    plan: ["update Instance chaos-worker-1"],
    shown: /- securityGroups|- \[0\]/,
    do: async (hand) => {
      const {
        id,
        "security-groups": [{ id: group }],
      } = await hand.instance("chaos-worker-1");
      return hand.operate("PUT", `/security-group/${group}:detach`, { instance: { id } });
    },
  },
  "a rule is added": {
    plan: ["update SecurityGroupRules chaos-workers"],
    shown: /\+ +description *: "by hand"/,
    do: async (hand) =>
      hand.operate("POST", `/security-group/${(await hand.group("chaos-workers")).id}/rules`, {
        "flow-direction": "ingress",
        protocol: "tcp",
        "start-port": 8080,
        "end-port": 8080,
        network: "0.0.0.0/0",
        description: "by hand",
      }),
  },
  "a rule is removed": {
    plan: ["update SecurityGroupRules chaos-masters"],
    shown: /- \[\d+\]/,
    do: async (hand) => {
      const { id, rules } = await hand.group("chaos-masters");
      return hand.operate("DELETE", `/security-group/${id}/rules/${rules.at(-1).id}`);
    },
  },
  // Last, because the others find it by its name.
  "an instance is renamed": {
    plan: ["update Instance chaos-worker-2"],
    shown: /~ name +: "chaos-worker-2" => "by-hand"/,
    do: async (hand) =>
      hand.operate("PUT", `/instance/${(await hand.instance("chaos-worker-2")).id}`, { name: "by-hand" }),
  },
  "an instance is deleted": {
    plan: [
      "create Boot chaos-worker-2",
      "create Instance chaos-worker-2",
      // Its new address is not known yet; the one for infra-etcd names none.
      "replace CertRequest chaos-worker-2",
      "replace LocallySignedCert chaos-worker-2-kubelet",
    ],
    do: async (hand) => hand.operate("DELETE", `/instance/${(await hand.instance("chaos-worker-2")).id}`),
  },
};

/** All changes that keep their instance, at the same time. */
export const together = "all but the deletion";
export const driftNames = [...Object.keys(drifts), together];

/** A refresh shows and repairs exactly what was done by hand; without one no call is made. */
export async function drift(sandbox: ChaosSandbox, which: string): Promise<Verdict> {
  const names = which === together ? Object.keys(drifts).filter((name) => name !== "an instance is deleted") : [which];
  await sandbox.begin("cluster");
  const hand = new Hand(sandbox);
  for (const name of names) await drifts[name]!.do(hand);

  const before = await sandbox.zone.calls();
  const unknowing = await sandbox.stack.run(["preview", "--expect-no-changes", "--non-interactive"]);
  if (unknowing.code !== 0) throw new Error(`a plain preview shows what it cannot know:\n${unknowing.output}`);
  const calls = (await sandbox.zone.calls()) - before;
  if (calls > 0) throw new Error(`a plain preview made ${calls} calls to the API`);

  const { output } = await sandbox.stack.run(["preview", "--refresh", "--diff", "--non-interactive"]);
  const expected = [...new Set(names.flatMap((name) => drifts[name]!.plan))].sort();
  const planned = stepsIn(output);
  if (planned.join() !== expected.join())
    throw new Error(`planned is\n${planned.join("\n")}\nand not\n${expected.join("\n")}`);
  for (const name of names) {
    if (drifts[name]!.shown?.test(output) === false)
      throw new Error(`${name}, and a refresh does not show it:\n${output}`);
  }
  const done = stepsIn(await sandbox.stack.must([...up, "--refresh", "--diff"]));
  const further = done.filter((step) => !expected.includes(step));
  if (further.length > 0) throw new Error(`done was more than planned:\n${further.join("\n")}`);
  await check(sandbox, up);
  return "right";
}
