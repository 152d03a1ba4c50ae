/** Durations, names and commands as several judgements write them. */
import { onNode } from "../../node/remote/words.ts";
import type { Facts, NodeFacts } from "../facts.ts";

/** Milliseconds since a time; undefined if the time is unknown. */
export function age({ at }: Facts, time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(at) - Date.parse(time);
}

/** `45 s`, `12 min`, `5 h`, `3 d`: the largest unit, up to days, that gives at least two. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** ` for 12 min`; empty if the time is unknown. */
export function forDuration(facts: Facts, since: string | null): string {
  const milliseconds = age(facts, since);
  return milliseconds === undefined ? "" : ` for ${duration(milliseconds)}`;
}

/** Up to three names, otherwise how many. */
export function namesOf(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.length} nodes`;
}

/** What to do where no command is known that mends it: `command` shows more. */
export const unknown = (command: string): string => `no command is known that mends it; \`${command}\` shows more`;

/** What to do about something that is not as Pulumi made it. */
export const restore = (what: string): string => `\`bin/pulumi up --refresh\` ${what}`;

export const journal = (node: string, unit: string): string => onNode(node, `sudo journalctl -n 50 -u ${unit}`);

/** The end of a static pod's log, read from disk: works while the API is down. */
export function podLog(node: string, pod: string): string {
  return onNode(node, `sudo sh -c 'tail -n 50 /var/log/pods/kube-system_${pod}-*/*/*.log'`);
}

export const mastersOf = ({ nodes }: Facts): NodeFacts[] =>
  nodes.filter(({ role, inStack }) => role === "master" && inStack);

/** The master to run commands on: preferably one that answers. */
export function someMaster(facts: Facts): string {
  const masters = mastersOf(facts);
  return (masters.find(({ answers }) => answers) ?? masters[0])?.name ?? "master-1";
}
