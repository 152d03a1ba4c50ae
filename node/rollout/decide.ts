/** What is to be done with a node now, from what is known about it. Nothing here calls anybody. */
import type { InstanceState } from "../../exoscale/api.ts";
import type { Verdict } from "../remote/health.ts";
import type { LockState } from "../remote/reboot-lock.ts";
import { scriptCommand } from "../remote/scripts.ts";
import { onNode, shellWord } from "../remote/words.ts";
import { asFound, refusals, specChange, type MachineSpec } from "./machine-spec.ts";

/** What a node runs with. */
export interface Configuration extends MachineSpec {
  readonly userDataSha256: string;
}

/** What is known without asking the node. */
export interface Situation {
  /** The node's. */
  readonly name: string;
  /** The instance's, once it is running or stopped. */
  readonly state: InstanceState;
  /** As Pulumi's state has it: what the node was last seen to boot with. */
  readonly recorded: Configuration;
  /** As the API has it: what the node boots with next. */
  readonly actual: Configuration;
  readonly wanted: Configuration;
  /** With `instances` neither the node nor the reboot lock is asked. */
  readonly waitFor: "cluster" | "instances";
  /** Milliseconds that a node may take to drain, go down and come back before it counts as broken. */
  readonly absence: number;
  /** Milliseconds for which the masters may not answer before this machine's access counts as broken. */
  readonly evidence: number;
}

/** What the reboot lock and the node say. */
export interface Inspection {
  readonly lock: LockState;
  readonly verdict: Verdict;
  /** Other nodes that were repaired by this run and are not healthy yet. */
  readonly recovering: number;
  /** Other workers that this run has not looked at yet: those that are broken come first. */
  readonly unseen: number;
}

export type Step =
  /** The node runs as wanted. */
  | { readonly kind: "done" }
  | { readonly kind: "refuse"; readonly reason: string }
  /** Decide again later. `hasDeadline`: the reason ends by itself, so the queue's timeout does not apply. */
  | { readonly kind: "wait"; readonly reason: string; readonly hasDeadline: boolean }
  | Restart;

export type Restart = {
  readonly kind: "restart";
  /**
   * `reboot` takes new user-data. `power-cycle` also takes another machine spec, and reaches a guest that does not hear of a
   * reboot.
   */
  readonly how: "reboot" | "power-cycle";
  /** A fresh disk, even if the API shows the wanted template already. */
  readonly rebuild: boolean;
  /** What to wait for. A `recovery` is waited for without keeping the next node waiting. */
  readonly until: "running" | "healthy" | "recovery";
} & (
  | {
      /** The node takes itself down, and drains itself first. */
      readonly by: "node";
      /** The boot that is to end. */
      readonly bootId: string;
    }
  | {
      readonly by: "api";
      /** undefined if the node was not asked, or does not answer. */
      readonly bootId?: string;
    }
);

/** Take the reboot lock, ask the node, and decide again. */
export interface Inspect {
  readonly kind: "inspect";
}

export function decide(situation: Situation, inspection: Inspection): Step;
export function decide(situation: Situation): Step | Inspect;
export function decide(situation: Situation, inspection?: Inspection): Step | Inspect {
  const { name, state, recorded, wanted, waitFor } = situation;
  const actual = asFound(situation.actual, recorded, wanted);
  const [refusal] = refusals(name, actual, wanted);
  if (refusal) return refuse(name, refusal.reason);

  const change = specChange(actual, wanted);
  // A rebuild that was begun and not seen to end is repeated: the API may show the new template too early.
  const rebuild = change === "rebuild" || specChange(recorded, wanted) === "rebuild";
  const needsPowerCycle = rebuild || change === "resize";
  const isAsWanted = state === "running" && change === "none" && hasBootedWith(situation);

  if (waitFor === "instances") {
    if (isAsWanted) return { kind: "done" };
    const how = state === "running" && !needsPowerCycle ? "reboot" : "power-cycle";
    return { kind: "restart", how, by: "api", rebuild, until: "running" };
  }

  if (!inspection) return { kind: "inspect" };
  const { verdict } = inspection;
  // An earlier run that was killed, or gave up, may have come this far.
  if (isAsWanted && ["go", "wait", "dependent"].includes(verdict.kind)) return { kind: "done" };
  const obstacle = obstacleTo(situation, inspection);
  if (obstacle) return obstacle;
  if (verdict.kind === "unreachable") return refuse(name, verdict.reason);
  if (verdict.kind === "repair") {
    return { kind: "restart", how: "power-cycle", by: "api", rebuild, until: "recovery", bootId: verdict.bootId };
  }
  const how = needsPowerCycle ? "power-cycle" : "reboot";
  return { kind: "restart", how, by: "node", rebuild, until: "healthy", bootId: verdict.bootId };
}

/** For a new instance, which waits for no other node: the first master needs the second for its quorum. */
export function decideFirstBoot({ state, actual, wanted }: Pick<Situation, "state" | "actual" | "wanted">): Step {
  // Only a stopped instance is given its user-data, so one that runs with it has booted with it.
  const change = specChange(asFound(actual, actual, wanted), wanted);
  if (state === "running" && actual.userDataSha256 === wanted.userDataSha256 && change === "none")
    return { kind: "done" };
  return { kind: "restart", how: "power-cycle", by: "api", rebuild: change === "rebuild", until: "running" };
}

/** Whether the node has booted with the wanted user-data, and was not only given it. */
function hasBootedWith({ recorded, actual, wanted }: Situation): boolean {
  return [recorded, actual].every(({ userDataSha256 }) => userDataSha256 === wanted.userDataSha256);
}

/**
 * What keeps the node from being taken down. A repair does not wait for the reboot lock: the node itself may hold it,
 * infra-etcd may be what is broken, and no other node goes down for an update while this one is unhealthy. It waits for
 * other repairs only if the node still does a part of its work.
 */
function obstacleTo({ name, state, absence, evidence }: Situation, inspection: Inspection): Step | undefined {
  const { lock, verdict, recovering, unseen } = inspection;
  if (verdict.kind === "repair" || verdict.kind === "unreachable") {
    const drained = lock.drained[name] ?? Infinity;
    if (state === "running" && drained * 1_000 < absence)
      return wait(`${name} drained itself ${drained} s ago, and is on its way down or up`, true);
    return verdict.kind === "repair" && verdict.serves && recovering > 0 ? wait(recovery) : undefined;
  }
  if (lock.kind === "held") {
    if (lock.waited < absence) return wait(lock.reason, true);
    const give = onNode("master-1", scriptCommand("reboot-lock", "give", shellWord(lock.holder)));
    return refuse(
      name,
      `${lock.reason}, and was waited for ${Math.round(lock.waited / 60_000)} min. See what is wrong with ` +
        `\`npm run status\`. If ${lock.holder} does not come back, give the lock back for it: ` +
        `${give}. docs/operations.md says more.`,
    );
  }
  if (verdict.kind === "wait" || verdict.kind === "dependent") return wait(verdict.reason);
  if (recovering > 0) return wait(recovery);
  if (lock.kind === "unreachable") return lock.waited < evidence ? wait(lock.reason, true) : refuse(name, lock.reason);
  if (lock.kind === "unknown") return wait(lock.reason);
  return unseen > 0 ? wait("others are looked at first", true) : undefined;
}

const recovery = "others are on their way back from a repair";

function wait(reason: string, hasDeadline = false): Step {
  return { kind: "wait", reason, hasDeadline };
}

function refuse(name: string, reason: string): Step {
  return { kind: "refuse", reason: `${name} was not touched: ${reason}` };
}
