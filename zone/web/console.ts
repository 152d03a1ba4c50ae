import type { Machines } from "../types.ts";
import type { State } from "../state.ts";
import type { Step } from "./stream.ts";

/** Trailing characters used to find where the last read ended. */
const MARK = 200;

/** The part of `after` that is new since `before`, both the end of a log; undefined if the log has started again. */
export function continued(before: string, after: string): string | undefined {
  if (after.startsWith(before)) return after.slice(before.length);
  const mark = before.slice(-MARK);
  if (mark.length < MARK) return undefined;
  // The beginning has been cut off. Of several places that match, the last one leaves the least as new.
  for (let at = after.lastIndexOf(mark); at >= 0; at = at === 0 ? -1 : after.lastIndexOf(mark, at - 1)) {
    const end = at + MARK;
    if (before.endsWith(after.slice(0, end))) return after.slice(end);
  }
  return undefined;
}

/**
 * A stream's step that follows an instance's console. Events: `text` is new output, `begin` replaces everything sent
 * before, `trouble` is the reason why the console cannot be read, `end` means that the instance no longer exists.
 */
export function followConsole(
  { instances }: Pick<State, "instances">,
  machines: Pick<Machines, "consoleLog">,
  id: string,
): Step {
  let seen: string | undefined;
  let trouble: string | undefined;
  return async (send) => {
    const instance = instances.get(id);
    if (instance === undefined) {
      send("end", {});
      return false;
    }
    try {
      const log = await machines.consoleLog(instance);
      const added = seen === undefined ? undefined : continued(seen, log);
      if (added === undefined || trouble !== undefined) send("begin", log);
      else if (added !== "") send("text", added);
      seen = log;
      trouble = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== trouble) send("trouble", message);
      trouble = message;
    }
    return true;
  };
}
