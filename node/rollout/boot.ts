import type { Api, Instance } from "../../exoscale/api.ts";
import { hasEmptyUserData } from "../../exoscale/instance.ts";
import { connect, type Client } from "../../exoscale/client.ts";
import { Incomplete, messageOf, Refused } from "../../exoscale/errors.ts";
import { atRest, readInstance, typeId } from "../../exoscale/instance-actions.ts";
import { changed, isUnknown, type Failure, type ResourceProvider } from "../../exoscale/resource-provider.ts";
import { userDataLimit, userDataSha256 } from "../../exoscale/user-data.ts";
import { judge, type Suspect, type Verdict } from "../remote/health.ts";
import type { KubernetesAccess } from "../remote/ready.ts";
import { rebootLock, type RebootLock } from "../remote/reboot-lock.ts";
import type { SshTarget } from "../remote/ssh.ts";
import { timeouts } from "../timeouts.ts";
import { decide, decideFirstBoot, type Configuration, type Inspection, type Situation } from "./decide.ts";
import { actualSpec, asFound, refusals, specChange, specOf, type MachineSpec } from "./machine-spec.ts";
import { perform, Unhealthy } from "./perform.ts";
import { skippedSteps, stepCommands } from "./steps.ts";
import { queue, type Background, type Blocked, type Queue } from "./queue.ts";

/**
 * Keeps an instance running with the wanted user-data, type, disk and template. Another type or a larger disk is taken
 * while it is stopped; for another template or a smaller disk it is rebuilt, and keeps only its name and addresses.
 */
export interface BootInputs extends MachineSpec {
  readonly api: Api;
  /** The node's. */
  readonly name: string;
  /** Id. */
  readonly instance: string;
  /** Gzip, base64. Secret. */
  readonly userData: string;
  /** Masters are changed one at a time, and only while all masters are healthy. */
  readonly kind: "master" | "worker";
  /** Name of the queue that the node waits in. */
  readonly group: string;
  /** Workers of a group that may be down at the same time. */
  readonly maxUnavailable: number;
  /** With `instances` no node is asked over SSH: it is enough that the API says running. */
  readonly waitFor: "cluster" | "instances";
  /** Seconds that the node's pods may resist eviction before it goes down. */
  readonly drainTimeout: number;
  /** Step of the replacement of certificate authorities that the user-data is at. @default 0 */
  readonly caReplacement?: number;
  /** The same of the replacement of keys. @default 0 */
  readonly keyReplacement?: number;
  readonly ssh: SshTarget;
  /** An address that leads to a healthy master; user and key are those of `ssh`. */
  readonly masters: Pick<SshTarget, "host" | "port" | "hostKey">;
  /** How the Kubernetes API is asked about a node that does not answer. @default only by a master */
  readonly kubernetes?: KubernetesAccess;
}

/**
 * Nothing secret: only a hash of the user-data. The machine spec is the wanted one, or what a refresh found; of the template
 * always the one that the instance was made from.
 */
export interface BootOutputs extends MachineSpec {
  readonly api: Api;
  readonly instance: string;
  readonly userDataSha256: string;
  /** The instance's; anything but `running` is repaired. */
  readonly state: string;
  /** False if the node was restarted and was not seen healthy. */
  readonly well: boolean;
  /** GiB, where a refresh found the disk larger than this resource has made it. */
  readonly grownDisk?: number;
}

export const boot: ResourceProvider<BootInputs, BootOutputs> = {
  check(olds, news) {
    const failures: Failure[] = [];
    if (news.userData.length > userDataLimit) {
      failures.push({
        property: "userData",
        reason: `the user-data is ${news.userData.length} base64 characters long, and Exoscale takes ${userDataLimit} (24,573 bytes gzipped)`,
      });
    }
    if (olds.instance === news.instance) {
      failures.push(
        ...refusals(news.name, olds, news),
        ...skippedSteps("caReplacement", "node", olds.caReplacement, news.caReplacement),
        ...skippedSteps("keyReplacement", "node", olds.keyReplacement, news.keyReplacement),
        ...abandoned(olds.waitFor, news.waitFor),
      );
    }
    return failures;
  },

  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["instance"]);
    // The whole of it is unknown only while the engine asks what the replacement of a key would mean.
    if (replaces.length === 0 && isUnknown(news.ssh)) throw new Refused(keyRefusal(news));
    const notice = replaces.length > 0 ? undefined : noticeOf(olds, news);
    const updates = changed(olds, news, ["api", "diskSize", "image"]);
    return { changes: replaces.length > 0 || needsTurn(olds, news) || updates.length > 0, replaces, notice };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const instance = await atRest(client, inputs.instance);
    const actual = await actualConfiguration(client, instance, inputs);
    if (instance.state === "running" && !hasEmptyUserData(instance)) {
      // It has booted before, and this resource was replaced, or taken out of the state: it changes in its turn.
      const { api } = inputs;
      const found = { ...actual, ...asFound(actual, actual, inputs), state: "running", well: true };
      const outs = await boot.update(inputs.instance, { api, instance: inputs.instance, ...found }, inputs);
      return { id: inputs.instance, outs };
    }
    const step = decideFirstBoot({ state: instance.state, actual, wanted: configuration(inputs) });
    await perform(step, { client, instance, wanted: inputs, node: suspect(inputs) });
    return { id: inputs.instance, outs: outputs(inputs) };
  },

  async read(id, olds) {
    const client = connect(olds.api);
    const instance = await readInstance(client, id, "boot");
    if (!instance) return undefined;
    const { state } = instance;
    const isUp = state === "running" || state === "starting" || state === "migrating";
    const actual = await actualConfiguration(client, instance, olds);
    const { grownDisk: _grownDisk, image: _image, ...known } = olds;
    const found = asFound(actual, olds, olds);
    const grown = found.diskSize === actual.diskSize ? {} : { grownDisk: actual.diskSize };
    return { outs: { ...known, ...actual, ...found, ...grown, state: isUp ? "running" : state } };
  },

  async update(id, olds, news) {
    if (!needsTurn(olds, news)) return outputsOf(news, olds);
    const turns = queue(news.group, {
      parallel: news.kind === "master" ? 1 : news.maxUnavailable,
      timeout: timeouts.turn,
      pause: timeouts.retryTurn,
    });
    let isChanged = false;
    let found: MachineSpec = olds;
    const run = async () => {
      await turns.run(news.name, () => takeTurn(olds, news, turns, (actual) => (found = actual)));
      isChanged = true;
    };
    const outs = () => outputsOf(news, { ...found, grownDisk: olds.grownDisk });
    try {
      await (news.waitFor === "instances" ? run() : lockOf(news).during(run));
    } catch (error) {
      // The node has its user-data. The next run checks its health, or gives back the reboot lock.
      if (isChanged || error instanceof Unhealthy)
        throw new Incomplete(id, messageOf(error), { ...outs(), well: false });
      throw error;
    }
    return outs();
  },

  async delete() {
    // The instance is deleted by its own resource.
  },
};

/** One attempt of a node's update. @param finds Gets the machine spec that the instance has after it. */
async function takeTurn(
  olds: BootOutputs,
  news: BootInputs,
  turns: Queue,
  finds: (actual: MachineSpec) => void,
): Promise<void | Blocked | Background<void>> {
  const client = connect(news.api);
  const instance = await atRest(client, news.instance);
  const actual = await actualConfiguration(client, instance, news);
  // A type that cannot be had is refused while the node serves, and not when it is drained and off.
  if (news.type !== undefined && news.type !== actual.type) await typeId(client, news.type);
  const situation: Situation = {
    name: news.name,
    state: instance.state,
    recorded: olds,
    actual,
    wanted: configuration(news),
    waitFor: news.waitFor,
    absence: news.drainTimeout * 1_000 + timeouts.absence,
    evidence: timeouts.evidence,
  };
  const step = decide(situation);
  const next = step.kind === "inspect" ? decide(situation, await inspect(instance, news, turns)) : step;
  if (next.kind === "restart") turns.assertNoneFailed(news.name);
  finds(next.kind === "restart" && next.rebuild ? news : situation.actual);
  return perform(next, { client, instance, wanted: news, node: suspect(news) });
}

async function inspect({ state }: Instance, news: BootInputs, turns: Queue): Promise<Inspection> {
  // Takes the lock first: while it is held, no other node goes down during the inspection.
  const lock = await lockOf(news).take();
  const verdict: Verdict =
    state === "running" ? await judge(suspect(news)) : { kind: "repair", bootId: undefined, serves: false };
  return { lock, verdict, recovering: turns.inBackground, unseen: news.kind === "worker" ? turns.unseen : 0 };
}

function lockOf(inputs: BootInputs): RebootLock {
  return rebootLock(mastersOf(inputs));
}

function suspect(inputs: BootInputs): Suspect {
  const { name, kind, ssh, kubernetes } = inputs;
  return { name, kind, ssh, masters: mastersOf(inputs), kubernetes };
}

function mastersOf({ ssh, masters }: BootInputs): SshTarget {
  return { ...ssh, port: undefined, ...masters };
}

/** What the instance boots with next. */
async function actualConfiguration(client: Client, instance: Instance, known: MachineSpec): Promise<Configuration> {
  return {
    userDataSha256: userDataSha256(instance["user-data"]),
    ...(await actualSpec(client, instance, known)),
  };
}

function configuration(inputs: BootInputs): Configuration {
  return { userDataSha256: userDataSha256(inputs.userData), ...specOf(inputs) };
}

function outputs(inputs: BootInputs): BootOutputs {
  const { api, instance } = inputs;
  return { api, instance, ...configuration(inputs), state: "running", well: true };
}

/** The outputs of an instance with the template that it was made from, and a disk that may be larger than wanted. */
function outputsOf(
  news: BootInputs,
  { template, grownDisk = 0 }: Pick<BootOutputs, "template" | "grownDisk">,
): BootOutputs {
  return {
    ...outputs(news),
    ...(news.template !== undefined && template !== undefined && { template }),
    ...(grownDisk > (news.diskSize ?? Infinity) && { grownDisk }),
  };
}

/** The recorded machine spec, as it compares with the wanted one. */
function recordedSpec(olds: BootOutputs, news: MachineSpec): MachineSpec {
  return olds.grownDisk === undefined ? olds : asFound({ ...olds, diskSize: olds.grownDisk }, olds, news);
}

/** Whether an update has to look at the node. */
function needsTurn(olds: BootOutputs, news: BootInputs): boolean {
  return (
    olds.userDataSha256 !== userDataSha256(news.userData) ||
    olds.state !== "running" ||
    !olds.well ||
    specChange(recordedSpec(olds, news), news) !== "none"
  );
}

/** What an update does to the node, for the preview. */
function noticeOf(olds: BootOutputs, news: BootInputs): string | undefined {
  return [changeOf(olds, news), grownDiskOf(olds, news)].filter((each) => each !== undefined).join(" ") || undefined;
}

/** What is known of a disk that was made larger by hand. */
function grownDiskOf({ grownDisk }: BootOutputs, { name, kind, diskSize }: BootInputs): string | undefined {
  if (grownDisk === undefined || diskSize === undefined || diskSize >= grownDisk) return undefined;
  const setting = `${kind}Disk`;
  return (
    `The disk of ${name} has ${grownDisk} GiB, and ${setting} is ${diskSize}: it was made larger by hand, and is kept. ` +
    `\`pulumi config set ${setting} ${grownDisk}\` makes it so for every ${kind}.`
  );
}

function changeOf(olds: BootOutputs, news: BootInputs): string | undefined {
  const { name, type, diskSize } = news;
  switch (specChange(recordedSpec(olds, news), news)) {
    case "rebuild":
      return `${name} will be drained and rebuilt: nothing on its disk is kept.`;
    case "resize":
      return `${name} will be drained, switched off and started again as ${type} with a disk of ${Math.max(diskSize ?? 0, olds.grownDisk ?? 0)} GiB.`;
    case "none":
      if (isUnknown(news.userData)) return `${name} will be drained and rebooted if its cloud-config changes.`;
      if (olds.userDataSha256 !== userDataSha256(news.userData)) return `${name} will be drained and rebooted.`;
      if (olds.state !== "running") return `${name} is ${olds.state} and will be started.`;
      return olds.well
        ? undefined
        : `${name} was unhealthy after its reboot: it will be checked, and repaired if it still is.`;
  }
}

/** The cluster would lose what `pulumi up` waits for: its add-ons, and the workers' place in it. */
function abandoned(before: BootInputs["waitFor"] | undefined, after: BootInputs["waitFor"]): Failure[] {
  if (before !== "cluster" || after !== "instances") return [];
  return [
    {
      property: "waitFor",
      reason:
        "waitFor cannot change from cluster to instances while the cluster lives: the add-ons would be deleted, and every worker drained and taken out of it. " +
        "Set it back: `pulumi config set waitFor cluster`.",
    },
  ];
}

function keyRefusal({ name, keyReplacement }: BootInputs): string {
  return (
    `the key that opens ${name} by SSH and its host key are in use and cannot be replaced at once: it could no longer be reached. Nothing was touched. ` +
    `They are replaced in steps, which docs/operations.md describes: ${stepCommands("keyReplacement", keyReplacement)}. ` +
    "If `pulumi state taint` marked one, `pulumi state untaint` and its URN come first."
  );
}
