/** Whatever a daemon has acknowledged survives a kill at any moment. `SEED=n` chooses the moments. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";

import type { Client, Json } from "./testing/client.ts";
import { instanceBody, templateBody } from "./testing/client.ts";
import { startDaemon, type TestDaemon } from "./testing/daemon.ts";
import { randomFrom, someSeed, type Random } from "./testing/random.ts";

/** Kills of each daemon; two daemons are tried side by side. */
const KILLS = 25;
const seed = someSeed();

/** What `GET` of a path must answer, in part; undefined if it must not be found. */
type Expected = object | undefined;

class Truth {
  /** By path, all that may be true: more than one while a change is under way, and after its answer was lost. */
  readonly paths = new Map<string, Expected[]>();
  /** Paths and operations since the last check. */
  changed = new Set<string>();
  operations: string[] = [];

  /** Asks for a change of what is at `path`; returns the id of the operation's reference, once it is acknowledged. */
  async change(
    client: Client,
    path: string,
    [method, target, body]: [string, string, object?],
    after: Expected,
  ): Promise<string> {
    this.paths.get(path)?.push(after);
    this.changed.add(path);
    const answer = await client.call(method, target, body);
    if (answer.status !== 200) throw new Error(`${method} ${target}: ${answer.status} ${answer.body.message}`);
    this.operations.push(answer.body.id);
    const made = path.replace("{id}", answer.body.reference?.id);
    this.paths.set(made, [after]);
    this.changed.delete(path);
    this.changed.add(made);
    return answer.body.reference?.id;
  }

  async check(client: Client, paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      const allowed = this.paths.get(path);
      if (allowed === undefined) continue; // requested, never acknowledged
      const { status, body } = await client.call("GET", path);
      const failures = allowed.flatMap((expected) =>
        failureOf(() => {
          expect(status, path).toBe(expected === undefined ? 404 : 200);
          if (expected !== undefined) expect(body, path).toMatchObject(expected);
        }),
      );
      if (failures.length === allowed.length) throw failures[0];
    }
  }

  async checkChanged(client: Client): Promise<void> {
    for (const id of this.operations.splice(0)) {
      const { state, reason } = await client.finished(await client.get(`/operation/${id}`));
      // An instance that was deleted before its start was done.
      if (`${state} ${reason}` !== "failure interrupted") expect(state).toBe("success");
    }
    await this.check(client, this.changed);
    this.changed = new Set();
  }
}

function failureOf(check: () => void): unknown[] {
  try {
    check();
    return [];
  } catch (error) {
    return [error];
  }
}

/** Creates, changes and deletes resources of its own, one after the other, until the daemon dies. */
async function load(client: Client, truth: Truth, template: string, name: string, random: Random): Promise<never> {
  for (let n = 0; ; n++) {
    const own = `${name}-${n}`;
    const group = await truth.change(client, "/security-group/{id}", ["POST", "/security-group", { name: own }], {
      name: own,
    });
    const rule = {
      "flow-direction": "ingress",
      protocol: "tcp",
      "start-port": 22,
      "end-port": 22,
      network: "0.0.0.0/0",
    };
    await truth.change(client, `/security-group/${group}`, ["POST", `/security-group/${group}/rules`, rule], {
      name: own,
      rules: [rule],
    });
    await truth.change(client, `/ssh-key/${own}`, ["POST", "/ssh-key", { name: own, "public-key": PUBLIC_KEY }], {
      name: own,
    });
    const running = { name: own, state: "running", labels: {} as object, "private-networks": [] as object[] };
    const instance = await truth.change(
      client,
      "/instance/{id}",
      ["POST", "/instance", instanceBody(template, { name: own })],
      running,
    );
    const path = `/instance/${instance}`;
    const labelled = { ...running, labels: { n: own } };
    await truth.change(client, path, ["PUT", path, { labels: labelled.labels }], labelled);
    const lan = { name: own, "start-ip": "10.0.0.1", "end-ip": "10.0.0.9", netmask: "255.255.255.0" };
    const network = await truth.change(client, "/private-network/{id}", ["POST", "/private-network", lan], lan);
    const attached = { ...labelled, "private-networks": [{ id: network }] };
    await truth.change(
      client,
      path,
      ["PUT", `/private-network/${network}:attach`, { instance: { id: instance } }],
      attached,
    );
    if (random.chance(0.3)) await truth.change(client, `/ssh-key/${own}`, ["DELETE", `/ssh-key/${own}`], undefined);
    if (random.chance(0.5))
      await truth.change(client, `/security-group/${group}`, ["DELETE", `/security-group/${group}`], undefined);
    if (random.chance(0.3)) await truth.change(client, path, ["DELETE", path], undefined);
    else
      await truth.change(
        client,
        path,
        ["PUT", `/private-network/${network}:detach`, { instance: { id: instance } }],
        labelled,
      );
  }
}

const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOxgQzPXo+s3xiuLmNPcpoiPVNFdMqMjkeBSNqnfaqZ";

async function killAgainAndAgain(state: string, random: Random): Promise<void> {
  const truth = new Truth();
  let daemon: TestDaemon = startDaemon(state);
  try {
    let client = await daemon.ready;
    const template = await client.operate("POST", "/template", templateBody);
    for (let round = 0; round < KILLS; round++) {
      const workers = Array.from({ length: 5 }, (_, worker) =>
        load(client, truth, template, `${round}-${worker}`, random),
      );
      const ended = Promise.allSettled(workers);
      await sleep(random.int(0, 250));
      await daemon.kill();
      for (const { reason } of (await ended) as PromiseRejectedResult[])
        expect(String(reason)).toMatch(/fetch failed|terminated/);
      daemon = startDaemon(state);
      if (random.chance(0.2)) {
        // while it starts, too
        await sleep(random.int(0, 800));
        await daemon.kill();
        daemon = startDaemon(state);
      }
      client = await daemon.ready;
      await truth.checkChanged(client);
    }
    expect(truth.paths.size).toBeGreaterThan(KILLS);
    await truth.check(client, truth.paths.keys());
    const { instances } = await client.get("/instance");
    expect(new Set(instances.map((one: Json) => one["public-ip"])).size).toBe(instances.length);
  } finally {
    await daemon.kill();
  }
}

describe("a daemon that is killed under load, again and again", () => {
  it.concurrent.each([1, 2])(
    `has lost nothing that it acknowledged, SEED=${seed} (%d)`,
    { timeout: 900_000 },
    async (lane) => {
      const state = mkdtempSync(join(tmpdir(), "zone-crash-"));
      try {
        await killAgainAndAgain(state, randomFrom(seed + lane));
      } finally {
        rmSync(state, { recursive: true, force: true });
      }
    },
  );
});
