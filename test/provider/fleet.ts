/** Nodes that only SSH knows from real ones: fakes of them beside instances of a local zone's API. */
import type { BootInputs, BootOutputs } from "../../node/rollout/boot.ts";
import { encodeUserData } from "../../exoscale/user-data.ts";
import { fakeNode, type FakeNode } from "../../node/remote/testing/ssh-server.ts";
import { noMachines } from "../../zone/machines/none.ts";
import { openEnvironment, type Resource } from "./environment.ts";

export interface Node {
  readonly name: string;
  readonly boot: Resource<BootInputs, BootOutputs>;
  readonly ssh: FakeNode;
  boots: number;
  isWell: boolean;
  /** What it says of itself while it is not well. */
  problem: string;
  /** Its restart makes it well. */
  heals: boolean;
  /** From when it goes down until it is well again. */
  isAway: boolean;
  /** Until it is switched off and on. */
  isDead: boolean;
  /** It runs, and this machine cannot reach it. */
  isCutOff: boolean;
}

/** The fleet's lock as a master's script keeps it. */
interface Lock {
  holder?: string;
  isLost?: boolean;
  readonly drained: Record<string, number>;
}

function answer(lock: Lock, command: string): { code: number; output?: string } | undefined {
  const [, verb, name] = /reboot-lock (take|give) '(\w+)'/.exec(command) ?? [];
  if (!verb) return undefined;
  if (lock.isLost) return { code: 69, output: "infra-etcd does not answer" };
  if (verb === "give") {
    if (lock.holder === name) delete lock.holder;
    return { code: 0 };
  }
  lock.holder ??= name!;
  const holders = [{ id: lock.holder, node: lock.holder === name ? null : lock.holder, since: "2026-11-24T04:10:03Z" }];
  return { code: lock.holder === name ? 0 : 75, output: JSON.stringify({ holders, drainedSeconds: lock.drained }) };
}

interface FleetOptions {
  /** The nodes are members of an etcd: healthy while most of them run. */
  readonly hasQuorum?: boolean;
}

/** Running nodes of one group, each with a boot id that its reboots change, and in which order what was done to them. */
export async function cluster(count: number, more: Partial<BootInputs> = {}, { hasQuorum = false }: FleetOptions = {}) {
  const log: string[] = [];
  const nodes = new Map<string, Node>();
  const lock: Lock = { drained: {} };
  const masters = await fakeNode((command) => {
    const [, name] = /\/api\/v1\/nodes\/([\w-]+)/.exec(command) ?? [];
    const node = [...nodes.values()].find((each) => each.name === name);
    if (node && (fleet.isApiGone || quorumIsLost()))
      return { code: 22, output: "curl: (7) Failed to connect to 127.0.0.1" };
    if (node) return { code: 0, output: node.isDead ? "Unknown" : "True" };
    return answer(lock, command)!;
  });
  let mostAway = 0;
  const memberRuns = (node: Node): boolean =>
    !node.isAway && !node.isDead && (node.isWell || !node.problem.includes("etcd"));
  const quorumIsLost = (): boolean => hasQuorum && [...nodes.values()].filter(memberRuns).length * 2 <= count;
  const note = (node: Node, what: string): void =>
    void log.push(`${node.name} ${what}${lock.holder === "pulumi" ? "" : " without the lock"}`);
  const goAway = (node: Node): void => {
    node.isAway = true;
    mostAway = Math.max(mostAway, [...nodes.values()].filter(({ isAway }) => isAway).length);
  };
  const boots =
    (how: string) =>
    async ({ id }: { id: string }) => {
      const node = nodes.get(id);
      if (!node || (node.isDead && how === "reboots")) return;
      goAway(node);
      Object.assign(node, { boots: node.boots + 1, isDead: false });
      if (node.heals) node.isWell = true;
      note(node, how);
      // A while after its boot, and not before as many went as may: that they go together is seen on the slowest machine.
      const comeBack = (): void =>
        void (mostAway < (more.maxUnavailable ?? 1) ? setTimeout(comeBack, 20) : (node.isAway = false));
      setTimeout(comeBack, 100);
    };
  const reset = async ({ id }: { id: string }): Promise<void> => note(nodes.get(id)!, "is reset");
  /** No apiserver answers a master. */
  const fleet = { isApiGone: false };
  const environment = await openEnvironment({
    machines: { ...noMachines(), reboot: boots("is rebooted by the API"), start: boots("starts"), reset },
  });
  const { instance, template } = await environment.surroundings();
  const made = { type: "standard.medium", diskSize: 50, ...(more.kind === "worker" && { template: template.id }) };
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const machine = await instance(`kube-master-${i + 1}`, { elasticIps: [] }).create();
      const ssh = await fakeNode((command) => {
        const me = nodes.get(machine.id)!;
        if (me.isDead || me.isCutOff || environment.state.instances.get(machine.id)!.state !== "running")
          return "breaks";
        if (command.endsWith("boot_id")) return { code: 0, output: `boot-${me.boots}` };
        const down = /!= boot-(\d+) \|\| sudo systemctl (reboot|poweroff)$/.exec(command);
        if (down) {
          if (Number(down[1]) !== me.boots) return { code: 0 };
          if (down[2] === "reboot") void boots("reboots")({ id: machine.id });
          else {
            goAway(me);
            note(me, "powers off");
            environment.edit(machine.id, { state: "stopped" });
          }
          return "breaks";
        }
        if (command.includes("/livez")) return { code: memberRuns(me) ? 0 : 22 };
        const said = [...nodes.values()]
          .filter((each) => each === me || command.endsWith("--cluster"))
          .flatMap((each) => {
            const etcd = quorumIsLost() || each.isAway ? [`kubernetes-etcd of ${each.name} is not healthy`] : [];
            return [...etcd, ...(each.isWell ? [] : [each.problem])].map((what) => `${me.name}: ${what}`);
          });
        return { code: said.length, output: said.join("\n") };
      });
      const boot = environment.boot(machine.id, {
        waitFor: "cluster",
        group: `nodes of ${environment.api.endpoint}`,
        ssh: ssh.target,
        masters: masters.target,
        ...made,
        ...more,
      });
      nodes.set(machine.id, {
        name: machine.inputs.name,
        boot: await boot.create(),
        ssh,
        boots: 1,
        isWell: true,
        problem:
          more.kind === "worker"
            ? "kubelet does not answer"
            : `kubernetes-etcd of ${machine.inputs.name} is not healthy`,
        heals: false,
        isAway: false,
        isDead: false,
        isCutOff: false,
      });
    }),
  );
  log.length = 0;
  const all = [...nodes.values()].sort((a, b) => a.name.localeCompare(b.name));
  const userData = encodeUserData("#cloud-config\n# two\n");
  return Object.assign(fleet, {
    environment,
    log,
    all,
    lock,
    /** How many were away at the same time. */
    mostAway: () => mostAway,
    now: ({ boot }: Node) => environment.state.instances.get(boot.id)!,
    roll: (change: Partial<BootInputs> = { userData }) =>
      Promise.allSettled(all.map(({ boot }) => boot.update({ ...boot.inputs, ...change }))),
    async [Symbol.asyncDispose]() {
      await Promise.all([masters, ...all.map(({ ssh }) => ssh)].map((each) => each[Symbol.asyncDispose]()));
      await environment[Symbol.asyncDispose]();
    },
  });
}

/** How each ended, by the first line of its error. */
export const reasons = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === "rejected" ? (result.reason as Error).message.split("\n")[0] : "done"));
