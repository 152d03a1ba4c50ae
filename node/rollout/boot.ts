import type { Api, Instance } from "../../exoscale/api.ts";
import { connect, type Client } from "../../exoscale/client.ts";
import { Incomplete, messageOf, Refused } from "../../exoscale/errors.ts";
import { goDown, judge, waitUntilWell, type Verdict } from "../remote/health.ts";
import { changed, type Failure, type Kind } from "../../exoscale/resource-provider.ts";
import { atRest, put, readInstance, reboot, start, stop, waitFor } from "../../exoscale/instance-actions.ts";
import { madeOf, partsOf, refusals, remodel, workFor, type MadeOf, type Work } from "./machine-spec.ts";
import { patience } from "../../exoscale/patience.ts";
import { Meanwhile, NotYet, queue, type Queue } from "./queue.ts";
import { rebootLock, type LockState, type RebootLock } from "../remote/reboot-lock.ts";
import { scriptCommand } from "../remote/scripts.ts";
import type { SshTarget } from "../remote/ssh.ts";
import { userDataLimit, userDataSha256 } from "../../exoscale/user-data.ts";

/**
 * That an instance runs, with what user-data, and what it is made of. Another type or a larger disk is taken while it is
 * switched off; from another template, or for a smaller disk, it is made anew and keeps nothing but its name and address.
 */
export interface BootInputs extends MadeOf {
  readonly api: Api;
  /** The node's. */
  readonly name: string;
  /** Id. */
  readonly instance: string;
  /** Gzip, base64. Secret. */
  readonly userData: string;
  /** A master is rebooted only while all masters are well, and only one of them at a time. */
  readonly kind: "master" | "worker";
  /** Those that are updated one after the other. */
  readonly group: string;
  /** Workers of a group that may be down at the same time. */
  readonly maxUnavailable: number;
  /** With `instances` nobody is asked over SSH: the API's word is enough. */
  readonly waitFor: "cluster" | "instances";
  /** Seconds that the node's pods may resist eviction before it goes down. */
  readonly drainTimeout: number;
  /** Steps that the user-data has taken towards other certificate authorities. @default 0 */
  readonly caReplacement?: number;
  readonly ssh: SshTarget;
  /** What leads to a master that is well; the user and key are those of `ssh`. */
  readonly masters: Pick<SshTarget, "host" | "port" | "hostKey">;
}

/** Nothing secret: of the user-data only its hash. What it is made of is as asked for, or as found by a refresh. */
export interface BootOutputs extends MadeOf {
  readonly api: Api;
  readonly instance: string;
  readonly userDataSha256: string;
  /** `running`, or whatever is to be mended. */
  readonly state: string;
  /** False when the node rebooted but was not seen well. */
  readonly well: boolean;
}

export const boot: Kind<BootInputs, BootOutputs> = {
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
      changes: replaces.length > 0 || machineChanges(olds, news) || changed(olds, news, ["api"]).length > 0,
      replaces,
      notice,
    };
  },

  /** First boots are not queued: the first master needs the second for its quorum. */
  async create(inputs) {
    const client = connect(inputs.api);
    const actual = await atRest(client, inputs.instance);
    const isDone =
      actual.state === "running" &&
      userDataSha256(actual["user-data"]) === userDataSha256(inputs.userData) &&
      workFor(await madeOf(client, actual, inputs), inputs) === "none";
    // It stops before it is told what to run: what runs with our user-data has booted with it, whenever this was interrupted.
    if (!isDone) await fromCold(client, actual, inputs);
    return { id: inputs.instance, outs: wanted(inputs) };
  },

  async read(id, olds) {
    const client = connect(olds.api);
    const actual = await readInstance(client, id, "boot");
    if (!actual) return undefined;
    const isUp = actual.state === "running" || actual.state === "starting" || actual.state === "migrating";
    return {
      outs: {
        ...olds,
        userDataSha256: userDataSha256(actual["user-data"]),
        ...(await madeOf(client, actual, olds)),
        state: isUp ? "running" : actual.state,
      },
    };
  },

  async update(id, olds, news) {
    if (!machineChanges(olds, news)) return { ...olds, api: news.api };
    const client = connect(news.api);
    const turns = queue(news.group, {
      parallel: news.kind === "master" ? 1 : news.maxUnavailable,
      patience: patience.gates,
      pause: patience.gate,
    });
    if (news.waitFor === "instances") return turns.run(news.name, () => turn(client, olds, news, turns));
    const lock = rebootLock({ ...news.ssh, port: undefined, ...news.masters });
    let done: BootOutputs | undefined;
    try {
      return await lock.during(
        async () => (done = await turns.run(news.name, () => turn(client, olds, news, turns, lock))),
      );
    } catch (error) {
      // All that went wrong is that the lock was not given back: the next run does it.
      if (done) throw new Incomplete(id, messageOf(error), { ...done, well: false });
      throw error;
    }
  },

  async delete() {
    // The instance goes by itself.
  },
};

/** A node that has missed a step trusts nobody who has taken the next one. `before` is what it was last told. */
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

function machineChanges(olds: BootOutputs, news: BootInputs): boolean {
  return (
    olds.userDataSha256 !== userDataSha256(news.userData) ||
    olds.state !== "running" ||
    !olds.well ||
    workFor(olds, news) !== "none"
  );
}

/** What becomes of the node, for whoever reads the preview. */
function noticeOf(olds: BootOutputs, news: BootInputs): string | undefined {
  const { name, type, diskSize } = news;
  switch (workFor(olds, news)) {
    case "remake":
      return `${name} will be drained and made anew: nothing on its disk is kept.`;
    case "resize":
      return `${name} will be drained, switched off and started again as ${type} with a disk of ${diskSize} GiB.`;
    case "none":
      if (olds.userDataSha256 !== userDataSha256(news.userData)) return `${name} will be drained and rebooted.`;
      if (olds.state !== "running") return `${name} is ${olds.state} and will be started.`;
      return olds.well
        ? undefined
        : `${name} was not well after its reboot: it will be looked at, and repaired unless it is well by then.`;
  }
}

function wanted(inputs: BootInputs): BootOutputs {
  const { api, instance, userData } = inputs;
  return { api, instance, userDataSha256: userDataSha256(userData), ...partsOf(inputs), state: "running", well: true };
}

/** One node's update, once it is its turn. */
async function turn(
  client: Client,
  olds: BootOutputs,
  news: BootInputs,
  turns: Queue,
  lock?: RebootLock,
): Promise<BootOutputs | NotYet | Meanwhile<BootOutputs>> {
  const outs = wanted(news);
  const actual = await atRest(client, news.instance);
  const now = await madeOf(client, actual, news);
  const [refusal] = refusals(news.name, now, news);
  if (refusal) throw new Refused(`${news.name} was not touched: ${refusal.reason}`);
  const isAsWanted =
    actual.state === "running" &&
    // Booted with it, and not only told.
    [olds.userDataSha256, userDataSha256(actual["user-data"])].every((sha256) => sha256 === outs.userDataSha256) &&
    workFor(now, news) === "none";
  // What was begun and not seen to end is done again: the API may say what is not so yet.
  const work = workFor(olds, news) === "remake" ? "remake" : workFor(now, news);
  if (!lock) {
    if (!isAsWanted) await bring(client, actual, news, work);
    return outs;
  }

  // Before anybody is looked at: who holds it keeps others from going down meanwhile.
  const held = await lock.take();
  const verdict: Verdict =
    actual.state === "running" ? await judge(news.ssh, news.kind) : { kind: "repair", bootId: undefined };
  // An earlier run has brought it here, and was killed or gave up before it saw it well.
  if (isAsWanted && verdict.kind !== "repair") return outs;
  const obstacle = obstacleTo(actual, verdict, held, turns, news);
  if (obstacle) return obstacle;

  await bring(client, actual, news, work, verdict);
  const backAgain = async (): Promise<BootOutputs> => {
    try {
      await waitUntilWell(actual.name, news.ssh, verdict.bootId, news.drainTimeout * 1_000 + patience.back);
      return outs;
    } catch (error) {
      // It has its user-data: the next run has only to see it well.
      throw new Incomplete(news.instance, messageOf(error), { ...outs, well: false });
    }
  };
  // It was down before, and may not get well until others that are down are repaired as well.
  return verdict.kind === "repair" ? new Meanwhile(backAgain) : backAgain();
}

/**
 * What is to be waited for before a node is taken down. A repair does not wait for the lock: the node itself may hold it,
 * infra-etcd may be what is to be repaired, and nobody else goes down while the node is not well.
 *
 * @throws Refused when the lock has been held for too long.
 */
function obstacleTo(
  { name: node, state }: Instance,
  verdict: Verdict,
  lock: LockState,
  { meanwhile }: Queue,
  { drainTimeout }: BootInputs,
): NotYet | undefined {
  const longest = drainTimeout * 1_000 + patience.away;
  if (verdict.kind === "repair") {
    const drained = lock.drained[node] ?? Infinity;
    if (state !== "running" || drained * 1_000 >= longest) return undefined;
    return new NotYet(`${node} drained itself ${drained} s ago, and is on its way down or up`, true);
  }
  if (lock.kind === "held") {
    if (lock.waited < longest) return new NotYet(lock.reason, true);
    throw new Refused(
      `${node} was not touched: ${lock.reason}, and was waited for ${Math.round(lock.waited / 60_000)} min. See what is wrong with ` +
        `\`npm run status\`. If ${lock.holder} does not come back, give the lock back for it: ` +
        `bin/ssh master-1 "${scriptCommand("reboot-lock", "give", `'${lock.holder}'`)}". docs/operations.md says more.`,
    );
  }
  if (verdict.kind === "wait") return new NotYet(verdict.reason);
  if (meanwhile > 0) return new NotYet("others are on their way back from a repair");
  return lock.kind === "unknown" ? new NotYet(lock.reason) : undefined;
}

/** Makes the instance run what is wanted: by a reboot, or by a stop and a start where that is not enough. */
async function bring(client: Client, actual: Instance, news: BootInputs, work: Work, verdict?: Verdict): Promise<void> {
  if (verdict?.kind === "go") {
    await put(client, actual, { "user-data": news.userData });
    await goDown(news.ssh, work === "none" ? "reboot" : "poweroff", verdict.bootId);
    if (work === "none") return;
    // If the API does not see it, it may still be asked to stop it.
    const limit = news.drainTimeout * 1_000 + patience.away;
    await waitFor(client, actual.id, "to power off", ({ state }) => state === "stopped", limit).catch(() => {});
    return fromCold(client, await atRest(client, actual.id), news, work);
  }
  // A guest that does not answer may not hear that it is to reboot.
  if (verdict || actual.state !== "running" || work !== "none") return fromCold(client, actual, news, work);
  await put(client, actual, { "user-data": news.userData });
  await reboot(client, actual);
  await waitFor(client, actual.id, "to run again", ({ state }) => state === "running");
}

async function fromCold(client: Client, actual: Instance, news: BootInputs, work: Work = "none"): Promise<void> {
  if (actual.state !== "stopped") await stop(client, actual);
  await put(client, actual, { "user-data": news.userData });
  await remodel(client, actual, news, work === "remake");
  await start(client, actual);
  await waitFor(client, actual.id, "to run", ({ state }) => state === "running");
}
