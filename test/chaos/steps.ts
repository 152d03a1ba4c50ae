/** Steps of the plan that `--diff` prints, sorted: `update Boot dev-worker-1`. What is only read or stays is none. */
export function stepsIn(output: string): string[] {
  const steps = [...output.matchAll(/^ *[-+~/]+ ?\S+[:/](\w+): \(([\w-]+)\)\n(?:.*\n){0,3}? *\[urn=\S+::(\S+)\]/gm)];
  const words = steps
    .filter(([, , step]) => step !== "refresh")
    .map(([, type, step, name]) => `${step!.includes("replace") ? "replace" : step} ${type} ${name}`);
  return [...new Set(words)].sort();
}
