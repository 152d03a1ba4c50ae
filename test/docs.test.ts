import { expect, test } from "vitest";
import { openings } from "../ports.ts";

/** `vitest run test/docs.test.ts -u` writes it anew. */
test("docs/ports.md is the table in ports.ts", async () => {
  const rows = openings.map(({ on, from, protocol, first, last, listener, why }) =>
    `| ${on} | ${first === last ? first : `${first}-${last}`}/${protocol} | ${from} | ${listener} | ${why} |`);
  await expect(
    [
      "# Ports",
      "",
      "Every opening in the nodes' security groups, written from `ports.ts`; all else that comes in is dropped.",
      "`…Sources` are settings that list CIDRs; `masters` and `workers` are the nodes themselves.",
      "",
      "| on | port | from | listener | why |",
      "|---|---|---|---|---|",
      ...rows,
      "",
    ].join("\n"),
  ).toMatchFileSnapshot("../docs/ports.md");
});
