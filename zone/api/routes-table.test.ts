import { expect, test } from "vitest";

import { FAMILIES } from "../families/index.ts";
import { readDocument } from "./document.ts";

const answered = new Set<string>(FAMILIES.flatMap(({ routes }) => routes.map(({ id }) => id)));

interface Route {
  readonly method: string;
  readonly path: string;
  readonly name: string;
}

const document = readDocument();
const own: Route[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, { operationId: name }]) => ({ method: method.toUpperCase(), path, name })),
);
const others: Route[] = document["x-other-routes"].map((line) => {
  const [method, path, name] = line.split(" ") as [string, string, string];
  return { method, path, name };
});

/** The first part of a path, by which Exoscale names its resources; an instance's console goes with the instance. */
const familyOf = ({ path }: Route): string =>
  path
    .split("/")[1]!
    .split(":")[0]!
    .replace(/^console$/, "instance")
    .replace(/^(dbaas|sks)-.*/, "$1-*");

/** `vitest run zone/api/routes-table.test.ts -u` writes it. */
test("docs/zone-api.md is the table of the routes that the zone answers", async () => {
  const families = Object.entries(Object.groupBy(own, familyOf)).sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = families.flatMap(([family, routes]) => [
    `## ${family}`,
    "",
    "| route | operation | answer |",
    "|---|---|---|",
    ...routes!.map(
      ({ method, path, name }) => `| \`${method} ${path}\` | ${name} | ${answered.has(name) ? "done" : "501"} |`,
    ),
    "",
  ]);
  const rest = Object.entries(Object.groupBy(others, familyOf)).sort(([a], [b]) => (a < b ? -1 : 1));
  await expect(
    [
      "# Routes of the local zone",
      "",
      `Exoscale's API ${document.info.version as string} as of ${document.info["x-date"] as string}, written from \`zone/api/exoscale.json\` and the handlers.`,
      `Of ${own.length + others.length} routes, ${answered.size} are done; every other answers 501 with a message that names it.`,
      "",
      ...sections,
      "## Families that are not there",
      "",
      "| family | routes |",
      "|---|---|",
      ...rest.map(([family, routes]) => `| ${family} | ${routes!.length} |`),
      "",
    ].join("\n"),
  ).toMatchFileSnapshot("../../docs/zone-api.md");
});
