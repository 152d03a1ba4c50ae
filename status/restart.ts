/** When a node that is not well is nothing to worry about. */
import type { NodeFacts } from "./facts.ts";

/** Milliseconds that a node may drain itself before it goes down, the longest that the setting drainTimeout takes. */
const longestDrain = 1_500_000;
/** Milliseconds that a node may be away in between, from the last that the API heard of it. */
const longestAbsence = 600_000;
/** Milliseconds after a boot until everything on a node has to run again. */
const settling = 60_000;

/**
 * Whether a node is on its way down or up in good order: it drained itself, or holds the reboot lock, and takes no longer
 * for any part of it than such a thing takes.
 */
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
