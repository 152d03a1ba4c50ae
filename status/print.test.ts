import { expect, test } from "vitest";
import { digest } from "./digest.ts";
import { masters, minutesAgo, Situation, workers } from "./testing/fixtures.ts";
import { judge } from "./judge.ts";
import { print } from "./print.ts";

const update = { status: "UPDATE_STATUS_UPDATED_NEED_REBOOT", version: "4757.3.0", since: minutesAgo(600) };
const window = {
  start: "04:00",
  length: 3600,
  timeZone: "Europe/Zurich",
  isOpen: true,
  opens: "2026-11-25T03:00:00Z",
  locksmithd: false,
  waitsFor: "dev-worker-2 is drained",
};
const noLeader = { isHealthy: false, leaderId: "0", members: null };

test.each<[string, Situation]>([
  ["well", new Situation()],
  [
    "night",
    new Situation()
      .say("dev-master-1", { update, window })
      .drained("dev-worker-2", 4)
      .notReady("dev-worker-2", 2)
      .silence("dev-worker-2")
      .lock("dev-worker-2"),
  ],
  [
    "never-came-back",
    new Situation()
      .say("dev-master-1", { update, window })
      .drained("dev-worker-2", 32)
      .notReady("dev-worker-2", 31)
      .say("dev-worker-2", { upSince: minutesAgo(30), problems: ["kubelet does not answer (journalctl -u kubelet)"] })
      .lock("dev-worker-2"),
  ],
  [
    "lost-master",
    new Situation()
      .notReady("dev-master-2", 12)
      .silence("dev-master-2")
      .member("dev-master-1", "kubernetes", { leaderId: "1" })
      .member("dev-master-3", "kubernetes", { leaderId: "1" })
      .member("dev-master-1", "infra", { leaderId: "3" })
      .member("dev-master-3", "infra", { leaderId: "3" }),
  ],
  [
    "no-quorum",
    new Situation()
      .notReady("dev-master-2", 12)
      .silenceApi()
      .silence("dev-master-2", "dev-master-3")
      .member("dev-master-1", "kubernetes", noLeader)
      .member("dev-master-1", "infra", noLeader)
      .sayAll({ lock: null, problems: ["API does not answer: connection refused"] })
      .say("dev-master-1", {
        problems: [
          "kubernetes-etcd of dev-master-1 is not healthy",
          "infra-etcd of dev-master-1 is not healthy (journalctl -u infra-etcd)",
          "apiserver of dev-master-1 is not ready",
        ],
      }),
  ],
  ["silence", new Situation().silenceApi().silence(...masters, ...workers)],
])(
  "%s prints its golden file; `npx vitest run --project unit status/print.test.ts -u` rewrites it",
  async (name, situation) => {
    const status = judge(digest(situation.answers));
    await expect(`${print(status)}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
    await expect(`${JSON.stringify(status, undefined, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json`);
  },
);

test("the first line alone is enough for monitoring", () => {
  const [first] = print(judge(digest(new Situation().silence("dev-worker-1").refuse("dev-worker-2").answers))).split(
    "\n",
  );
  expect(first).toBe(
    "WARNING - dev at 2026-11-24 03:10 UTC: dev-worker-1: Ready, but no answer over SSH: connect to host 198.18.0.1 port 22: Connection timed out (and 1 more)",
  );
});
