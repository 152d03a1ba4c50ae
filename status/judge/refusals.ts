import { shellWord } from "../../node/remote/words.ts";
import type { Culprit, Refusal } from "../answers.ts";
import type { Facts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { unknown } from "./format.ts";

/** One problem for each object that refuses something, and one for each refusal whose cause is not known. */
export function judgeRefusals({ refusals }: Facts): Problem[] {
  const byCulprit = Map.groupBy(refusals, ({ by, message }) => (by ? `${by.kind} ${by.name}` : message));
  return [...byCulprit.values()].map((group) => {
    const [{ by, message }] = group as [Refusal, ...Refusal[]];
    const what = `the API refuses ${group.map(({ write }) => write).join(", ")}: ${message}`;
    return problem("writes-refused", by ? `${by.kind} ${by.name}` : "API", what, todoFor(by));
  });
}

function todoFor(culprit: Culprit | null): string {
  if (!culprit) return unknown("bin/kubectl get events --all-namespaces --field-selector type=Warning");
  const { kind, namespace, silentWebhook } = culprit;
  const name = shellWord(culprit.name);
  const kubectl = `bin/kubectl${namespace === null ? "" : ` --namespace ${shellWord(namespace)}`}`;
  if (silentWebhook === null) return `\`${kubectl} delete ${kind} ${name}\``;
  const patch = JSON.stringify([{ op: "replace", path: `/webhooks/${silentWebhook}/failurePolicy`, value: "Ignore" }]);
  return `until its backend runs again: \`${kubectl} patch ${kind} ${name} --type json --patch '${patch}'\``;
}
