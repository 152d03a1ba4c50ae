/**
 * The reboot lock: locksmith's semaphore in infra-etcd, which locksmithd takes for a node's update. Pulumi takes it before it
 * takes a node down, so that updates and a run of Pulumi never take down two nodes.
 */
import pLimit from "p-limit";

import { NotYet, poll } from "../../exoscale/poll.ts";
import { timeouts } from "../timeouts.ts";
import { adviceFor } from "./access.ts";
import type { LockReport } from "./report.ts";
import { exitCode, scriptCommand, scriptPath } from "./scripts.ts";
import { ssh, SshError, type SshResult, type SshTarget } from "./ssh.ts";
import { visible } from "./words.ts";

/** Pulumi's name as a holder, the same for all runs: its engine allows one at a time per stack. */
const holder = "pulumi";
/** Seconds that one attempt waits for another holder: less than the nodes' own interval, so that a run gets its chance. */
const attempt = 10;

/** The reboot lock as a master reports it. */
export interface LockState {
  /**
   * `unknown`: infra-etcd has no quorum, so nobody can take it. `unreachable`: no master answers this machine, which may be
   * able to reach none.
   */
  readonly kind: "taken" | "held" | "unknown" | "unreachable";
  /** Why it is not taken: `the reboot lock is held by dev-worker-2 since 2026-11-24T04:10:03Z`. */
  readonly reason: string;
  /** Name or id of another holder. */
  readonly holder: string;
  /** Milliseconds for which this run has waited for that holder, or for a master that answers. */
  readonly waited: number;
  /** Nodes that drained themselves and are not back in service, and for how many seconds. */
  readonly drained: Readonly<Record<string, number>>;
}

/** This process's hold on the lock, shared by all nodes that it changes at the same time. */
export class RebootLock {
  readonly #masters: SshTarget;
  readonly #inTurn = pLimit(1);
  #users = 0;
  #taken = false;
  #other: { readonly id: string; readonly since: number } | undefined;
  /** Since when no master answers. */
  #silent: number | undefined;

  /** @param masters An address that leads to a healthy master. */
  constructor(masters: SshTarget) {
    this.#masters = masters;
  }

  /**
   * Runs work that may take the lock, and gives the lock back after the last such work.
   *
   * @throws Error if the lock could not be given back, or what the work throws.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    const leave = async (): Promise<void> => {
      if (--this.#users === 0) await this.#inTurn(() => this.#give());
    };
    const value = await work().catch(async (error: unknown) => {
      await leave().catch(() => {});
      throw error;
    });
    await leave();
    return value;
  }

  /** Takes the lock, also over from a run that was killed. Only inside `during`. Waits a few seconds for another holder. */
  take(): Promise<LockState> {
    return this.#inTurn(async () => {
      try {
        const { code, output } = await this.#call("take", String(attempt));
        this.#silent = undefined;
        if (code !== 0 && code !== exitCode.held) return unavailable(visible(output));
        return this.#stateOf(await parseLock(output), code === 0);
      } catch (error) {
        if (error instanceof Unreadable) return unavailable(error.message);
        if (error instanceof SshError) return this.#unreachable(error);
        throw error;
      }
    });
  }

  #stateOf({ holders: [first], drainedSeconds: drained }: LockReport, isTaken: boolean): LockState {
    if (isTaken || !first) {
      this.#taken ||= isTaken;
      this.#other = undefined;
      return { kind: isTaken ? "taken" : "held", reason: "", holder: "", waited: 0, drained };
    }
    if (this.#other?.id !== first.id) this.#other = { id: first.id, since: performance.now() };
    const name = first.node ?? first.id;
    const since = first.node && first.since ? ` since ${first.since}` : "";
    return {
      kind: "held",
      reason: `the reboot lock is held by ${name}${since}`,
      holder: name,
      waited: performance.now() - this.#other.since,
      drained,
    };
  }

  async #unreachable(error: SshError): Promise<LockState> {
    const { host } = this.#masters;
    this.#silent ??= performance.now();
    return {
      ...unavailable(
        `no master answers at ${host}, the elastic IP of the Kubernetes API (${error.message}). ${await adviceFor(error, host)}`,
      ),
      kind: "unreachable",
      waited: performance.now() - this.#silent,
    };
  }

  async #give(): Promise<void> {
    const wasTaken = this.#taken;
    // Nobody was there to take it from.
    if (!wasTaken && this.#silent !== undefined) return;
    try {
      await poll({ limit: wasTaken ? timeouts.giveLock : 0, pause: [1_000, 5_000] }, async () => {
        const { code, output } = await this.#call("give").catch(noAnswer);
        if (code !== 0) throw new NotYet(visible(output));
      });
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      // Best effort if this run never took the lock: a killed run may have left it.
      if (!wasTaken) return;
      throw new Error(
        `the reboot lock was not given back, so no node reboots for an update until the next run: ${error.message}`,
      );
    }
    this.#taken = false;
  }

  #call(verb: "take" | "give", ...args: readonly string[]): Promise<SshResult> {
    return ssh(this.#masters, scriptCommand("reboot-lock", verb, `'${holder}'`, ...args), 60_000);
  }
}

function unavailable(reason: string): LockState {
  return {
    kind: "unknown",
    reason: `the reboot lock is not available: ${reason}`,
    holder: "",
    waited: 0,
    drained: {},
  };
}

function noAnswer(error: unknown): SshResult {
  if (error instanceof SshError) return { code: null, output: error.message };
  throw error;
}

class Unreadable extends Error {}

/** @throws Unreadable */
async function parseLock(output: string): Promise<LockReport> {
  // Loads zod, which a preview does without.
  const { lockReport } = await import("./report.ts");
  try {
    return lockReport.parse(JSON.parse(output));
  } catch {
    throw new Unreadable(`what ${scriptPath("reboot-lock")} prints cannot be read: ${visible(output)}`);
  }
}

const locks = new Map<string, RebootLock>();

/** The lock of the cluster at that address, one per process and so one per run of Pulumi. */
export function rebootLock(masters: SshTarget): RebootLock {
  const key = `${masters.host}:${masters.port ?? 22}`;
  let found = locks.get(key);
  if (!found) locks.set(key, (found = new RebootLock(masters)));
  return found;
}
