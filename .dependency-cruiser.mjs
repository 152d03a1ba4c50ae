// Which room may import which: the table in docs/architecture.md, and no circles. Which npm packages what runs anywhere needs.
import { readdirSync, readFileSync } from "node:fs";

/**
 * The rooms of the table under "The house": what each may import besides itself, or "all".
 *
 * @param {string} page docs/architecture.md
 * @returns {Map<string, string[] | "all">} by folder, or by file of the root without `.ts`
 */
export function rooms(page) {
  const [, section = ""] = page.split(/^## The house$/m);
  const names = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replace(/\/$|\.ts$/, ""));
  return new Map(
    [...section.matchAll(/^\| (`[^|]+) \|[^|]*\| ([^|]*)\|$/gm)].flatMap(([, first, last]) => {
      const row = names(first);
      // Files of one row are one room.
      return row.map((room) => [room, last.trim() === "all" ? "all" : [...names(last), ...row]]);
    }),
  );
}

const read = (file) => readFileSync(new URL(file, import.meta.url), "utf8");
const house = rooms(read("docs/architecture.md"));
/** Packages that `npm ci --omit=dev --omit=optional` installs. */
const { dependencies = {} } = JSON.parse(read("package.json"));

/** A folder, or a file of the root. */
const pattern = (room) => `^${room.replaceAll(".", "\\.")}(/|\\.ts$)`;
/** The program, with what its state names. */
const program = [pattern("index"), String.raw`^provider/handlers\.ts$`];
/** What bin/pulumi, bin/kubectl, bin/ssh and `npm run status` run. */
const commands = [String.raw`^status/main\.ts$`, String.raw`^toolchain/(access|check-state|recover|stack-name)\.ts$`];
const testCode = String.raw`\.test\.ts$|/testing/`;

export default {
  forbidden: [
    ...[...house]
      .filter(([, imports]) => imports !== "all")
      .map(([room, imports]) => ({
        name: `imports of ${room}`,
        comment: `The table in docs/architecture.md says what ${room} may import.`,
        severity: "error",
        from: { path: pattern(room), pathNot: testCode },
        to: { pathNot: [...imports.map(pattern), "^package\\.json$", "^node_modules/"] },
      })),
    {
      name: "no circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no test support in the product",
      comment: "Files in testing/ and tests are for tests; bench/ measures with them.",
      severity: "error",
      from: { pathNot: [testCode, "^test/", "^bench/"] },
      to: { path: [testCode, "^test/"] },
    },
    {
      name: "the program reaches nothing of the zone and the toolchain",
      comment: "The local zone is another zone, by configuration only. Both run on Linux on x86-64 alone.",
      severity: "error",
      from: { path: program },
      to: { path: [pattern("zone"), pattern("toolchain")], reachable: true },
    },
    {
      name: "program and commands reach only packages of dependencies",
      comment: "Packages of the local zone and of tests are for development.",
      severity: "error",
      from: { path: [...program, ...commands] },
      to: {
        path: "^node_modules/",
        pathNot: `^node_modules/(${Object.keys(dependencies).join("|")})/`,
        reachable: true,
      },
    },
  ],
  options: {
    includeOnly: [
      ...readdirSync(import.meta.dirname, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|test-results$)/.test(entry.name))
        .map(({ name }) => `^${name}/`),
      String.raw`^[^/]+\.ts$`,
      "^node_modules/",
    ],
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
