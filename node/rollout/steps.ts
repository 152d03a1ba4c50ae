/** Replacements in steps: three lead from one generation of keys to the next, and every node takes each. */
import type { Failure } from "../../exoscale/resource-provider.ts";

/** The setting that counts the steps. */
export type Replacement = "caReplacement" | "keyReplacement";

const what: Readonly<Record<Replacement, string>> = {
  caReplacement: "the certificate authorities are",
  keyReplacement: "keys are",
};

/**
 * A node that missed a step does not get along with those that have taken the next one.
 *
 * @param who What has taken steps. @param before The step of the last inputs.
 */
export function skippedSteps(setting: Replacement, who: "node" | "cluster", before = 0, after = 0): Failure[] {
  if (Math.abs(after - before) <= 1) return [];
  const next = before + Math.sign(after - before);
  return [
    {
      property: setting,
      reason:
        `${what[setting]} replaced step by step, and this ${who} is at step ${before}, not at ${after - Math.sign(after - before)}. ` +
        `Finish the step before: \`pulumi config set ${setting} ${next}\`, then \`pulumi up\`.`,
    },
  ];
}

/** The commands that finish a replacement, or take a whole one. @param step The one that is taken. */
export function stepCommands(setting: Replacement, step = 0): string {
  const [first, ...others] = Array.from({ length: 3 - (step % 3) }, (_, i) => step + 1 + i);
  const rest = others.length > 0 ? `, and the same with ${others.join(" and ")}` : "";
  return `\`pulumi config set ${setting} ${first}\`, then \`pulumi up\`${rest}`;
}
