/** The plan's steps in the output of `--diff`, sorted: `update Boot dev-worker-1`. Reads and no-ops are left out. */
export function stepsIn(output: string): string[] {
  const steps = [...output.matchAll(/^ *[-+~/]+ ?\S+[:/](\w+): \(([\w-]+)\)\n(?:.*\n){0,3}? *\[urn=\S+::(\S+)\]/gm)];
  const words = steps
    .filter(([, , step]) => step !== "refresh")
    .map(([, type, step, name]) => `${step!.includes("replace") ? "replace" : step} ${type} ${name}`);
  return [...new Set(words)].sort();
}
