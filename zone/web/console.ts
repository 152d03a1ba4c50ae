import type { Machines } from "../types.ts";
import type { State } from "../state.ts";
import type { Step } from "./stream.ts";

/** Characters at the end of what was seen by which the place is found again where a log goes on. */
const MARK = 200;

/**
 * What a log says after `before`, where both are its last so many bytes at two moments; undefined if it does not go
 * on from there but begins anew.
 */
export function continued(before: string, after: string): string | undefined {
  if (after.startsWith(before)) return after.slice(before.length);
  const mark = before.slice(-MARK);
  if (mark.length < MARK) return undefined;
  // The beginning has been cut off. Of several places that end alike the last that fits leaves least as new.
  for (let at = after.lastIndexOf(mark); at >= 0; at = at === 0 ? -1 : after.lastIndexOf(mark, at - 1)) {
    const end = at + MARK;
    if (before.endsWith(after.slice(0, end))) return after.slice(end);
  }
  return undefined;
}

/**
 * A stream's step that follows an instance's console: `text` is what is new, `begin` says that what was sent before no
 * longer counts, `trouble` why there is nothing to read, and `end` that the instance is no more.
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
      const news = seen === undefined ? undefined : continued(seen, log);
      if (news === undefined || trouble !== undefined) send("begin", log);
      else if (news !== "") send("text", news);
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
