/** The table in docs/operations.md of what a changed setting does to the nodes: by the program, and by what it shows in a preview. */
import { readFileSync } from "node:fs";

import { beforeAll, expect, test } from "vitest";

import { byName, type Registered } from "../components/testing/engine.ts";
import { schema } from "../config/schema.ts";
import { boot, type BootInputs } from "../node/rollout/boot.ts";
import { clusterShape } from "../node/rollout/cluster-shape.ts";
import type { ResourceProvider } from "../exoscale/resource-provider.ts";
import { template } from "../exoscale/template.ts";
import { userDataSha256 } from "../exoscale/user-data.ts";
import { program } from "./program.ts";

const page = readFileSync(new URL("../docs/operations.md", import.meta.url), "utf8");

let plain: Registered[];
beforeAll(async () => {
  plain = (await program()).resources;
}, 60_000);

/** What is said of a setting, and each change that does so. */
const rows: [string, Record<string, string>[]][] = [
  [
    "`sshPublicKeys`, `timeZone`, `drainTimeout`, `mirror`, `leafValidity`, `caValidity`, `caReplacement`, `keyReplacement`",
    [
      {
        sshPublicKeys: '["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFDYWOCYXsx/YEGKrwzFq1h/QsJXCohAlanozKzQ9lRc me@laptop"]',
      },
      { timeZone: "Europe/Zurich" },
      { drainTimeout: "2m" },
      { mirror: '{"files": "https://mirror.example"}' },
      { leafValidity: "2000h" },
      { caValidity: "80000h" },
      { caReplacement: "1" },
      { keyReplacement: "1" },
    ],
  ],
  [
    "`masterRebootWindow`, `podSecurity`",
    [{ masterRebootWindow: '{"start": "03:00"}' }, { podSecurity: "restricted" }],
  ],
  ["`workerRebootWindow`", [{ workerRebootWindow: '{"start": "03:00"}' }]],
  ["`masterType` of the same family, a larger `masterDisk`", [{ masterType: "standard.large" }, { masterDisk: "60" }]],
  ["`workerType` of the same family, a larger `workerDisk`", [{ workerType: "standard.large" }, { workerDisk: "60" }]],
  [
    "`template`, a smaller `workerDisk`",
    [
      { template: '{"url": "https://images.example/next.qcow2", "checksum": "11111111111111111111111111111111"}' },
      { workerDisk: "40" },
    ],
  ],
  [
    "`desiredWorkers`, `removedWorkers`, `maxUnavailable`, `sshSources`, `apiSources`, `nodePortSources`, `renewBefore`, `apiEndpoint`",
    [
      { desiredWorkers: "5" },
      { desiredWorkers: "2", removedWorkers: '["dev-worker-2"]' },
      { maxUnavailable: "2" },
      { sshSources: '["203.0.113.8/32"]' },
      { apiSources: '["203.0.113.8/32"]' },
      { nodePortSources: '["203.0.113.8/32"]' },
      { renewBefore: "700h" },
      { apiEndpoint: "https://api.example/v2" },
    ],
  ],
  [
    "another family, a smaller `masterDisk`, `zone`, `masters`, `podCIDR`, `serviceCIDR`, `waitFor` from `cluster` to `instances`",
    [
      { masterType: "cpu.large" },
      { workerType: "cpu.large" },
      { masterDisk: "40" },
      { zone: "de-fra-1" },
      { masters: "5" },
      { podCIDR: "10.0.0.0/16" },
      { serviceCIDR: "10.64.0.0/16" },
      { waitFor: "instances" },
    ],
  ],
];

/** Whether a resource provider refuses the new inputs. */
function refuses<Inputs extends object, Outputs extends object>(
  { check }: ResourceProvider<Inputs, Outputs>,
  olds: Inputs | undefined,
  news: Inputs,
): boolean {
  return olds !== undefined && check!(olds, news).length > 0;
}

async function effectsOf(change: Record<string, string>): Promise<string> {
  const after = (await program(change)).resources;
  const of = (kind: string) =>
    Object.entries(byName(after, kind)).map(([name, news]) => ({ news, olds: byName(plain, kind)[name] }));
  // A replaced template has another id, which the engine in memory does not know.
  const isNewTemplate = of("Template").some(({ olds, news }) => template.diff("", olds, news).replaces!.length > 0);
  const boots = of("Boot").map(({ olds, news }) => ({
    olds,
    news: { ...news, ...(isNewTemplate && news.template && { template: "another" }) } as BootInputs,
  }));
  if (
    of("ClusterShape").some(({ olds, news }) => refuses(clusterShape, olds, news)) ||
    boots.some(({ olds, news }) => refuses(boot, olds, news))
  ) {
    return "refused | refused";
  }
  const effects = (["master", "worker"] as const).map((kind) => {
    const notices = boots
      .filter(({ olds, news }) => olds !== undefined && news.kind === kind)
      .map(({ olds, news }) => {
        const outs = { ...olds, userDataSha256: userDataSha256(olds.userData), state: "running", well: true };
        const { notice, replaces } = boot.diff("", outs, news);
        expect(replaces).toEqual([]);
        return /will be (drained.*?)(:| as | with |\.)/.exec(notice ?? "")?.[1] ?? "nothing";
      });
    // The same of all.
    expect(new Set(notices).size, kind).toBe(1);
    return notices[0];
  });
  return effects.join(" | ");
}

test.each(rows)("docs/operations.md says what a change does: %s", async (settings, changes) => {
  for (const change of changes) {
    expect(page, Object.keys(change).join()).toContain(`\n| ${settings} | ${await effectsOf(change)} |\n`);
  }
});

test("docs/operations.md says it of every setting", () => {
  const said = rows.flatMap(([, changes]) => changes.flatMap((change) => Object.keys(change)));
  expect([...new Set(said)].sort()).toEqual(Object.keys(schema.shape).sort());
});
