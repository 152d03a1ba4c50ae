/** Tells a node that restarts normally from one that is broken. */
import type { NodeFacts } from "./facts.ts";

/** Milliseconds for which a node may drain: the longest `drainTimeout`. */
const longestDrain = 1_500_000;
/** Milliseconds for which the API may not hear from a node between shutdown and boot. */
const longestAbsence = 600_000;
/** Milliseconds after a boot within which a node becomes healthy. */
const settling = 60_000;

/** True if a node drained itself or holds the reboot lock, and each phase of its restart is within its limit. */
export function isRestarting(
  {
    state,
    stateSince,
    cordoned,
    answers,
    upSince,
  }: Pick<NodeFacts, "state" | "stateSince" | "cordoned" | "answers" | "upSince">,
  holdsLock: boolean,
  at: Date,
): boolean {
  const age = (time: string | null) => (time === null ? Infinity : at.getTime() - Date.parse(time));
  const drained = cordoned?.by === "itself" ? age(cordoned.since) : undefined;
  if (drained === undefined && !holdsLock) return false;
  const hasBooted = answers === true && upSince !== null && (drained === undefined || age(upSince) < drained);
  if (state === "NotReady") return hasBooted ? age(upSince) < settling : age(stateSince) < longestAbsence;
  if (hasBooted) return age(upSince) < settling;
  return drained !== undefined && drained < longestDrain;
}
