/** One error of a run, as the CLI tells it at the end. */
export interface Told {
  /** `Instance (dev-worker-1)` */
  readonly resource: string;
  readonly reason: string;
}

/** Errors of a run by the resource that they are of. */
export function toldIn(output: string): Told[] {
  const diagnostics = output.slice(output.lastIndexOf("\nDiagnostics:\n")).split("\n");
  const told: Told[] = [];
  let resource = "";
  for (const line of diagnostics) {
    const heading = /^ {2}(?:\S*[:/])?(\w+ \([^)]+\)):$/.exec(line);
    if (heading) resource = heading[1]!;
    // What was made but is not complete comes as a list.
    const reason = /^ {4}(?:error: |\t\* )(.*)$/.exec(line);
    if (reason && !reason[1]!.endsWith("occurred:")) told.push({ resource, reason: reason[1]! });
  }
  return told;
}

/** Words of a mistake of our own, or of a message that somebody forgot. */
const blunders = /TypeError|ReferenceError|RangeError|\[object |undefined|NaN|code must be a string|\.(ts|js):\d+/;
/** Words of the API, of an operation, or of a wait. */
const reasons = /\b[45]\d\d: |no answer: |the operation ended in |waited \d+ s for |is in state |It is gone /;

/** @throws Error when a failed run does not tell what failed and why. */
export function expectLegible(output: string): void {
  const told = toldIn(output).filter(({ resource }) => !resource.startsWith("Stack "));
  if (told.length === 0) throw new Error(`the run failed, and named no resource:\n${output.slice(-2000)}`);
  for (const { resource, reason } of told) {
    if (blunders.test(reason) || !reasons.test(reason))
      throw new Error(`${resource} failed without a reason for people: ${reason}`);
  }
}
