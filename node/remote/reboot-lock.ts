/**
 * The lock of all nodes' reboots: locksmith's semaphore in infra-etcd, which locksmithd takes for a node's update. Whoever
 * else takes a node away takes it too, so that a night of updates and a run of Pulumi never take two.
 */
import pLimit from "p-limit";

import { eventually } from "../../exoscale/eventually.ts";
import { patience } from "../../exoscale/patience.ts";
import type { LockReport } from "./report.ts";
import { exitCode, scriptCommand, scriptPath } from "./scripts.ts";
import { ssh, SshError, type SshTarget } from "./ssh.ts";

/** Pulumi's own, whichever run it is: its engine lets one run at a time at a stack. */
const holder = "pulumi";
/** Seconds that one attempt waits for somebody else: short of a night's own looks, so that a run comes in between. */
const attempt = 10;

/** How it stands with the lock, by a master's word. */
export interface LockState {
  /** `unknown`: no master answers, or infra-etcd has no quorum; nobody can take it then. */
  readonly kind: "taken" | "held" | "unknown";
  /** Why it is not taken: `the lock of the reboots is held by dev-worker-2 since 2026-11-24T04:10:03Z`. */
  readonly reason: string;
  /** Node's name, or id, of whoever holds it. */
  readonly holder: string;
  /** Milliseconds that the same holder has been waited for. */
  readonly waited: number;
  /** Seconds since each node drained itself that has not been in service since. */
  readonly drained: Readonly<Record<string, number>>;
}

/** One hold of this process, shared by all who work at the same time. */
export class RebootLock {
  readonly #masters: SshTarget;
  readonly #inTurn = pLimit(1);
  #inside = 0;
  #taken = false;
  #other: { readonly id: string; readonly since: number } | undefined;

  /** @param masters Whatever leads to a master that is well. */
  constructor(masters: SshTarget) {
    this.#masters = masters;
  }

  /**
   * Does work that may take the lock, and gives it back when the last has ended that does such work.
   *
   * @throws Error when the lock was not given back, or what the work throws.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#inside++;
    const leave = async (): Promise<void> => {
      if (--this.#inside === 0) await this.#inTurn(() => this.#give());
    };
    const value = await work().catch(async (error: unknown) => {
      await leave().catch(() => {});
      throw error;
    });
    await leave();
    return value;
  }

  /** Takes it, also over from a run that was killed; inside `during` only. Does not wait long for somebody else. */
  take(): Promise<LockState> {
    return this.#inTurn(async () => {
      const unknown = (reason: string): LockState => ({
        kind: "unknown",
        reason: `the lock of the reboots is not to be had: ${reason}`,
        holder: "",
        waited: 0,
        drained: {},
      });
      try {
        const command = scriptCommand("reboot-lock", "take", `'${holder}'`, String(attempt));
        const { code, output } = await ssh(this.#masters, command, 60_000);
        if (code !== 0 && code !== exitCode.held) return unknown(output);
        const {
          holders: [first],
          drainedSeconds: drained,
        } = await parseLock(output);
        if (code === 0 || !first) {
          this.#taken ||= code === 0;
          this.#other = undefined;
          return { kind: code === 0 ? "taken" : "held", reason: "", holder: "", waited: 0, drained };
        }
        if (this.#other?.id !== first.id) this.#other = { id: first.id, since: performance.now() };
        const name = first.node ?? first.id;
        return {
          kind: "held",
          reason: `the lock of the reboots is held by ${name}${first.node && first.since ? ` since ${first.since}` : ""}`,
          holder: name,
          waited: performance.now() - this.#other.since,
          drained,
        };
      } catch (error) {
        if (error instanceof SshError || error instanceof Unreadable) return unknown(error.message);
        throw error;
      }
    });
  }

  async #give(): Promise<void> {
    let last = "";
    const limit = this.#taken ? patience.give : 0;
    const given = await eventually({ limit, pause: [1_000, 5_000] }, async () => {
      try {
        const { code, output } = await ssh(this.#masters, scriptCommand("reboot-lock", "give", `'${holder}'`), 60_000);
        last = output;
        return code === 0 || undefined;
      } catch (error) {
        if (!(error instanceof SshError)) throw error;
        last = error.message;
        return undefined;
      }
    });
    // Where this run did not take it, it may be one that was killed: what nobody can give back nobody has to.
    if (!given && this.#taken)
      throw new Error(
        `the lock of the reboots was not given back, so no node reboots for an update until the next run: ${last}`,
      );
    this.#taken = false;
  }
}

class Unreadable extends Error {}

/** @throws Unreadable */
async function parseLock(output: string): Promise<LockReport> {
  // Loaded once it is needed: a preview, which takes no lock, is quicker without.
  const { lockReport } = await import("./report.ts");
  try {
    return lockReport.parse(JSON.parse(output));
  } catch {
    throw new Unreadable(`what ${scriptPath("reboot-lock")} prints cannot be read: ${output}`);
  }
}

const locks = new Map<string, RebootLock>();

/** The lock of the cluster behind that address, one per process, and with it per run of Pulumi. */
export function rebootLock(masters: SshTarget): RebootLock {
  const key = `${masters.host}:${masters.port ?? 22}`;
  let found = locks.get(key);
  if (!found) locks.set(key, (found = new RebootLock(masters)));
  return found;
}
