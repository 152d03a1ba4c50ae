import { expect, test } from "vitest";

import { FAMILIES } from "../families/index.ts";
import { absenceOf } from "./absent.ts";
import { otherRoutes, readDocument, type OtherRoute } from "./document.ts";

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
const others = otherRoutes(document);

const ANSWERS = { empty: "empty list", "not-found": "404" } as const;
const answerOf = (route: OtherRoute): string => {
  const absence = absenceOf(route);
  return absence === undefined ? "501" : ANSWERS[absence];
};
const absent = others.filter((route) => answerOf(route) !== "501").length;

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
      `Of ${own.length + others.length} routes, ${answered.size} are done. ${absent} more are about resources that there are none of: they answer an empty list, or 404.`,
      "Every other answers 501 with a message that names it.",
      "",
      ...sections,
      "## Families that are not there",
      "",
      "Nothing is made in these families. Lists are empty where an account has nothing before somebody makes it; where every",
      "account has something, or Exoscale offers it, they answer 501.",
      "",
      "| family | routes | empty list | 404 | 501 |",
      "|---|---|---|---|---|",
      ...rest.map(([family, routes]) => {
        const { "empty list": lists = [], 404: missing = [], 501: none = [] } = Object.groupBy(routes!, answerOf);
        const names = lists.map(({ name }) => name).join(", ");
        return `| ${family} | ${routes!.length} | ${names || "-"} | ${missing.length} | ${none.length} |`;
      }),
      "",
      "## Routes of theirs that read and answer 501",
      "",
      ...others
        .filter((route) => route.method === "GET" && answerOf(route) === "501")
        .map(({ path, name }) => `- \`GET ${path}\` ${name}`),
      "",
    ].join("\n"),
  ).toMatchFileSnapshot("../../docs/zone-api.md");
});
