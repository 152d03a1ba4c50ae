import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digest } from "./digest.ts";
import { Situation } from "./testing/fixtures.ts";
import { judge } from "./judge.ts";
import { sortProblems, problemKinds, problem, worstOf } from "./problems.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/status.md"), "utf8");

test("docs/status.md has every kind of problem, and every field", () => {
  const rows = Object.entries(problemKinds).map(
    ([kind, { severity, meaning }]) => `| \`${kind}\` | ${severity} | ${meaning} |`,
  );
  expect(page).toContain(`\n${rows.join("\n")}\n\n`);
  const fields = [...page.split("## As JSON")[1]!.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!);
  expect(fields.sort()).toEqual(Object.keys(judge(digest(new Situation().answers))).sort());
});

test("docs/status.md shows what is printed", () => {
  expect(page).toContain(readFileSync(join(import.meta.dirname, "golden/never-came-back.txt"), "utf8"));
});

test("every heading of docs/status.md that a problem names is there", () => {
  const judges = ["etcd", "certificates"]
    .map((name) => readFileSync(join(import.meta.dirname, `judge/${name}.ts`), "utf8"))
    .join("");
  const headings = [...judges.matchAll(/see “([^”]+)” in docs\/status\.md/g)].map(([, heading]) => heading!);
  expect(headings).toHaveLength(3);
  for (const heading of headings) expect(page).toContain(`\n### ${heading}\n`);
});

test("problems are sorted by severity, and the worst is the state", () => {
  const [warning, critical, unknown] = [
    problem("node-cordoned", "a", "", ""),
    problem("api-silent", "b", "", ""),
    problem("not-asked", "c", "", ""),
  ];
  expect(sortProblems([warning, critical, unknown])).toEqual([unknown, critical, warning]);
  expect([worstOf([]), worstOf([warning]), worstOf([warning, critical]), worstOf([unknown, critical])]).toEqual([
    "OK",
    "WARNING",
    "CRITICAL",
    "UNKNOWN",
  ]);
});
