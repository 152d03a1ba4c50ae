import { expect, test } from "vitest";
import { add, type Report, summary, sumOf } from "./sum.ts";

const report = (passed: number, failed: number, files: Report["testResults"] = []): Report => ({
  numPassedTests: passed,
  numFailedTests: failed,
  testResults: files,
});

test("passed and failed tests are counted", () => {
  expect(sumOf(report(3, 2), 1)).toEqual({ passed: 3, failed: 2 });
});

test("a file that does not load is a failed test", () => {
  const files = [
    { status: "failed", assertionResults: [] },
    { status: "passed", assertionResults: [{ status: "passed" }] },
  ];
  expect(sumOf(report(1, 0, files), 1)).toEqual({ passed: 1, failed: 1 });
});

test("a file whose tests failed is not counted again", () => {
  const files = [{ status: "failed", assertionResults: [{ status: "failed" }] }];
  expect(sumOf(report(0, 1, files), 1)).toEqual({ passed: 0, failed: 1 });
});

test("a run without report, and one that fails in silence, have failed", () => {
  expect(sumOf(undefined, 0)).toEqual({ passed: 0, failed: 1 });
  expect(sumOf(report(5, 0), 1)).toEqual({ passed: 5, failed: 1 });
});

test("the last line", () => {
  expect(summary(add({ passed: 1, failed: 0 }, { passed: 41, failed: 2 }))).toBe("42 passed, 2 failed");
});
