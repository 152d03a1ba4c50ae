/** Clients that use a cluster during a trial, and a watcher that records which nodes and pods are away. */
import assert from "node:assert/strict";
import { join } from "node:path";

import { root } from "../../toolchain/paths.ts";
import { askDaemon } from "../../zone/admin-client.ts";
import { absences, apiOf, startLooking, startReader, startWriter, type Api, type Whereabouts } from "./load.ts";
import { BUDGET, NODE_PORT, served } from "./served.ts";
import { IMAGE, kubectl, masters, six, workers } from "./user.ts";

/** The ConfigMap that the writer counts in. */
export const CONFIG_MAP = "counted";

/** Addresses from the zone's admin socket: running `bin/zone status` every second would be expensive. */
export const whereabouts: Whereabouts = async () => {
  const status = await askDaemon<{ instances: { name: string; address: string }[] }>(
    join(root, ".local/zone/admin.sock"),
    "GET",
    "/status",
  );
  return new Map(status?.instances.map(({ name, address }) => [name, address]));
};

const apiNow = async (): Promise<Api> => apiOf(await kubectl("config view --raw -o json"));

/** Deploys what the clients use. */
export async function startServing(): Promise<void> {
  await kubectl(`create configmap ${CONFIG_MAP}`);
  await kubectl("apply -f -", served(IMAGE));
  await kubectl("rollout status deployment/served --timeout=120s");
}

/** Starts the writer alone, for trials in which only acknowledged writes matter. */
export const startCounting = async () => startWriter(await apiNow(), CONFIG_MAP);

export interface Clients {
  /**
   * Stops the clients. Resolves with a summary, and with which node was away when.
   *
   * @param together How many nodes may have been away at the same time; at most one master and one worker.
   * @throws AssertionError if a request got no answer for a minute, an acknowledged write is lost, or too many nodes or
   * pods were away.
   */
  end(together: number): Promise<{ away: ReturnType<typeof absences>; summary: string }>;
}

export async function startClients(): Promise<Clients> {
  const api = await apiNow();
  const writer = startWriter(api, CONFIG_MAP);
  const reader = startReader(workers, whereabouts, NODE_PORT);
  const looking = startLooking(api, six, whereabouts, "app%3Dserved");
  return {
    end: async (together) => {
      const [writes, reads, looks] = await Promise.all([writer.stop(), reader(), looking()]);
      const away = absences(looks);
      const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
      const summary =
        `${writes.done} writes, ${writes.retried} retried, longest ${seconds(writes.longest)}; ` +
        `${reads.done} reads, ${reads.retried} retried, longest ${seconds(reads.longest)}; ` +
        `${looks.length} looks, fewest pods ${Math.min(...looks.flatMap(({ pods }) => pods ?? []))}`;
      console.log(
        [...away.map(({ node, from, to }) => `${from.slice(11, 19)}-${to.slice(11, 19)} ${node} away`), summary].join(
          "\n",
        ),
      );
      assert.deepEqual(writes.failed, []);
      assert.deepEqual(reads.failed, []);
      assert.ok(
        writes.found >= writes.acknowledged,
        `${writes.acknowledged} writes were acknowledged, but the ConfigMap holds ${writes.found}`,
      );
      const among = (nodes: readonly string[], all: readonly string[]) =>
        all.filter((name) => nodes.includes(name)).length;
      assert.deepEqual(
        looks.filter(({ away }) => away.length > together || among(masters, away) > 1 || among(workers, away) > 1),
        [],
      );
      assert.deepEqual(
        looks.filter(({ pods }) => pods !== undefined && pods < BUDGET),
        [],
      );
      return { away, summary };
    },
  };
}
