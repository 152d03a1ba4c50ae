import type { Api, Instance } from "../../exoscale/api.ts";
import { connect, type Client } from "../../exoscale/client.ts";
import { Incomplete, messageOf } from "../../exoscale/errors.ts";
import { atRest, readInstance } from "../../exoscale/instance-actions.ts";
import { changed, type Failure, type ResourceProvider } from "../../exoscale/resource-provider.ts";
import { userDataLimit, userDataSha256 } from "../../exoscale/user-data.ts";
import { judge, type Verdict } from "../remote/health.ts";
import { rebootLock, type RebootLock } from "../remote/reboot-lock.ts";
import type { SshTarget } from "../remote/ssh.ts";
import { timeouts } from "../timeouts.ts";
import { decide, decideFirstBoot, type Configuration, type Inspection, type Situation } from "./decide.ts";
import { actualSpec, refusals, specChange, specOf, type MachineSpec } from "./machine-spec.ts";
import { perform, Unhealthy } from "./perform.ts";
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
  readonly ssh: SshTarget;
  /** An address that leads to a healthy master; user and key are those of `ssh`. */
  readonly masters: Pick<SshTarget, "host" | "port" | "hostKey">;
}

/** Nothing secret: only a hash of the user-data. The machine spec is the wanted one, or what a refresh found. */
export interface BootOutputs extends MachineSpec {
  readonly api: Api;
  readonly instance: string;
  readonly userDataSha256: string;
  /** The instance's; anything but `running` is repaired. */
  readonly state: string;
  /** False if the node was restarted and was not seen healthy. */
  readonly well: boolean;
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
      failures.push(...refusals(news.name, olds, news), ...skippedSteps(olds.caReplacement, news.caReplacement));
    }
    return failures;
  },

  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["instance"]);
    const notice = replaces.length > 0 ? undefined : noticeOf(olds, news);
    return {
      changes: replaces.length > 0 || needsTurn(olds, news) || changed(olds, news, ["api"]).length > 0,
      replaces,
      notice,
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const instance = await atRest(client, inputs.instance);
    const actual = await actualConfiguration(client, instance, inputs);
    const step = decideFirstBoot({ state: instance.state, actual, wanted: configuration(inputs) });
    await perform(step, { client, instance, wanted: inputs });
    return { id: inputs.instance, outs: outputs(inputs) };
  },

  async read(id, olds) {
    const client = connect(olds.api);
    const instance = await readInstance(client, id, "boot");
    if (!instance) return undefined;
    const { state } = instance;
    const isUp = state === "running" || state === "starting" || state === "migrating";
    const actual = await actualConfiguration(client, instance, olds);
    return { outs: { ...olds, ...actual, state: isUp ? "running" : state } };
  },

  async update(id, olds, news) {
    if (!needsTurn(olds, news)) return { ...olds, api: news.api };
    const outs = outputs(news);
    const turns = queue(news.group, {
      parallel: news.kind === "master" ? 1 : news.maxUnavailable,
      timeout: timeouts.turn,
      pause: timeouts.retryTurn,
    });
    let isChanged = false;
    const run = async () => {
      await turns.run(news.name, () => takeTurn(olds, news, turns));
      isChanged = true;
    };
    try {
      await (news.waitFor === "instances" ? run() : lockOf(news).during(run));
    } catch (error) {
      // The node has its user-data. The next run checks its health, or gives back the reboot lock.
      if (isChanged || error instanceof Unhealthy) throw new Incomplete(id, messageOf(error), { ...outs, well: false });
      throw error;
    }
    return outs;
  },

  async delete() {
    // The instance is deleted by its own resource.
  },
};

/** One attempt of a node's update. */
async function takeTurn(olds: BootOutputs, news: BootInputs, turns: Queue): Promise<void | Blocked | Background<void>> {
  const client = connect(news.api);
  const instance = await atRest(client, news.instance);
  const situation: Situation = {
    name: news.name,
    state: instance.state,
    recorded: olds,
    actual: await actualConfiguration(client, instance, news),
    wanted: configuration(news),
    waitFor: news.waitFor,
    absence: news.drainTimeout * 1_000 + timeouts.absence,
  };
  const step = decide(situation);
  const next = step.kind === "inspect" ? decide(situation, await inspect(instance, news, turns)) : step;
  return perform(next, { client, instance, wanted: news });
}

async function inspect({ state }: Instance, news: BootInputs, turns: Queue): Promise<Inspection> {
  // Takes the lock first: while it is held, no other node goes down during the inspection.
  const lock = await lockOf(news).take();
  const verdict: Verdict =
    state === "running"
      ? await judge({ name: news.name, kind: news.kind, ssh: news.ssh, masters: mastersOf(news) })
      : { kind: "repair", bootId: undefined };
  return { lock, verdict, recovering: turns.inBackground };
}

function lockOf(inputs: BootInputs): RebootLock {
  return rebootLock(mastersOf(inputs));
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

/** Whether an update has to look at the node. */
function needsTurn(olds: BootOutputs, news: BootInputs): boolean {
  return (
    olds.userDataSha256 !== userDataSha256(news.userData) ||
    olds.state !== "running" ||
    !olds.well ||
    specChange(olds, news) !== "none"
  );
}

/** What an update does to the node, for the preview. */
function noticeOf(olds: BootOutputs, news: BootInputs): string | undefined {
  const { name, type, diskSize } = news;
  switch (specChange(olds, news)) {
    case "rebuild":
      return `${name} will be drained and rebuilt: nothing on its disk is kept.`;
    case "resize":
      return `${name} will be drained, switched off and started again as ${type} with a disk of ${diskSize} GiB.`;
    case "none":
      if (olds.userDataSha256 !== userDataSha256(news.userData)) return `${name} will be drained and rebooted.`;
      if (olds.state !== "running") return `${name} is ${olds.state} and will be started.`;
      return olds.well
        ? undefined
        : `${name} was unhealthy after its reboot: it will be checked, and repaired if it still is.`;
  }
}

/** A node that missed a step does not trust those that have taken the next one. @param before The step of the last inputs. */
function skippedSteps(before = 0, after = 0): Failure[] {
  if (Math.abs(after - before) <= 1) return [];
  const next = before + Math.sign(after - before);
  return [
    {
      property: "caReplacement",
      reason:
        `the certificate authorities are replaced step by step, and this node is at step ${before}, not at ${after - Math.sign(after - before)}. ` +
        `Finish the step before: \`pulumi config set caReplacement ${next}\`, then \`pulumi up\`.`,
    },
  ];
}
