/** One error of a run, as the CLI prints it at the end. */
export interface Diagnostic {
  /** e.g. `Instance (dev-worker-1)`. */
  readonly resource: string;
  readonly reason: string;
}

/** The errors in a run's output, with their resources. */
export function diagnosticsIn(output: string): Diagnostic[] {
  const lines = output.slice(output.lastIndexOf("\nDiagnostics:\n")).split("\n");
  const found: Diagnostic[] = [];
  let resource = "";
  for (const line of lines) {
    const heading = /^ {2}(?:\S*[:/])?(\w+ \([^)]+\)):$/.exec(line);
    if (heading) resource = heading[1]!;
    // A resource that was created but is incomplete has a list of reasons.
    const reason = /^ {4}(?:error: |\t\* )(.*)$/.exec(line);
    if (reason && !reason[1]!.endsWith("occurred:")) found.push({ resource, reason: reason[1]! });
  }
  return found;
}

/** Signs of a bug or of a missing message. */
const blunders = /TypeError|ReferenceError|RangeError|\[object |undefined|NaN|code must be a string|\.(ts|js):\d+/;
/** Reasons that the API, an operation, a wait or the node before gives. */
const reasons =
  /\b[45]\d\d: |no answer: |the operation ended in |waited \d+ s for |is in state |It is gone |was not touched, because the update of \S+ before it failed/;

/** @throws Error if a failed run does not say what failed and why. */
export function expectLegible(output: string): void {
  const errors = diagnosticsIn(output).filter(({ resource }) => !resource.startsWith("Stack "));
  if (errors.length === 0) throw new Error(`the run failed without naming a resource:\n${output.slice(-2000)}`);
  for (const { resource, reason } of errors) {
    if (blunders.test(reason) || !reasons.test(reason))
      throw new Error(`${resource} failed without a legible reason: ${reason}`);
  }
}
