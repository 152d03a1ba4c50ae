/** Words and commands that several judgements use. */
import type { Facts, NodeFacts } from "../facts.ts";

/** Milliseconds since a time; undefined for one that is not known. */
export function age({ at }: Facts, time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(at) - Date.parse(time);
}

/** `45 s`, `12 min`, `5 h`, `3 d`: the largest unit of which there are two, as far as days. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** ` for 12 min`, or nothing where it is not known. */
export function forSpan(facts: Facts, time: string | null): string {
  const milliseconds = age(facts, time);
  return milliseconds === undefined ? "" : ` for ${span(milliseconds)}`;
}

/** Up to three by name. */
export function namesOf(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.length} nodes`;
}

/** A command on a node, with quotes where a shell would take it for more than one. */
export function onNode(node: string, command: string): string {
  return `bin/ssh ${node} ${/[^\w ./:=@-]/.test(command) ? `"${command}"` : command}`;
}

export const journal = (node: string, unit: string): string => onNode(node, `sudo journalctl -n 50 -u ${unit}`);

/** The end of what a static pod said, also while the API is down. */
export function podLog(node: string, pod: string): string {
  return onNode(node, `sudo sh -c 'tail -n 50 /var/log/pods/kube-system_${pod}-*/*/*.log'`);
}

export const mastersOf = ({ nodes }: Facts): NodeFacts[] =>
  nodes.filter(({ role, inStack }) => role === "master" && inStack);

/** A master to type commands on: one that answers, if there is one. */
export function someMaster(facts: Facts): string {
  const masters = mastersOf(facts);
  return (masters.find(({ answers }) => answers) ?? masters[0])?.name ?? "master-1";
}
