/** Counting tests across runners. */

export interface Sum {
  readonly passed: number;
  readonly failed: number;
}

/** The part of vitest's JSON report that is counted. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export const add = (a: Sum, b: Sum): Sum => ({ passed: a.passed + b.passed, failed: a.failed + b.failed });

export const summary = ({ passed, failed }: Sum): string => `${passed} passed, ${failed} failed`;

/**
 * What a run of vitest comes to. A file that fails outside its tests, and a run that fails without saying where,
 * count as one failed test: a sum without failures always means success.
 */
export function sumOf(report: Report | undefined, exitCode: number): Sum {
  if (!report) return { passed: 0, failed: 1 };
  const files = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  ).length;
  const failed = report.numFailedTests + files;
  return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
