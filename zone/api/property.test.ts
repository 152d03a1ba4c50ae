/**
 * Any sequence of calls over HTTP, compared with a model. A failure prints the shortest sequence found and its seed;
 * `SEED=n` runs that seed again.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";

import { clientOf, type Client } from "../testing/client.ts";
import { Model } from "../testing/model.ts";
import { anyMove, QUOTAS, type Build } from "../testing/moves.ts";
import { startApi, type TestApi } from "../testing/zone.ts";

const RUNS = 8;
const MOST_CALLS = 400;
/** How long a failing sequence is made shorter, in milliseconds. */
const SHRINKING = 60_000;

/** Statuses of all calls so far. */
const outcomes = new Set<number>();

/** The zone under test, and how often it was called. */
class Session {
  readonly #state = mkdtempSync(join(tmpdir(), "zone-property-"));
  #api!: TestApi;
  client!: Client;
  calls = 0;

  async open(): Promise<this> {
    this.#api = await startApi({ state: this.#state, operationDelay: 0, quotas: QUOTAS });
    this.client = clientOf(this.#api);
    return this;
  }

  async restart(): Promise<void> {
    await this.#api.close();
    await this.open();
  }

  async close(): Promise<void> {
    await this.#api.close();
    rmSync(this.#state, { recursive: true });
  }
}

class Call implements fc.AsyncCommand<Model, Session> {
  readonly #build: Build;
  /** Makes the call also if it names something that does not exist. */
  readonly #missing: boolean;
  #text = "a call";

  constructor(build: Build, missing: boolean) {
    this.#build = build;
    this.#missing = missing;
  }

  /** In a zone with few resources most calls name what does not exist: skips most of those. */
  check(model: Readonly<Model>): boolean {
    return this.#missing || !this.#build(model).refusals.includes(404);
  }

  async run(model: Model, session: Session): Promise<void> {
    const { client } = session;
    const move = this.#build(model);
    this.#text = `${move.method} ${move.path} ${JSON.stringify(move.body ?? null)}`;
    const { status, body } = await client.call(move.method, move.path, move.body);
    this.#text += ` ${status} ${body.message ?? ""}\n`;
    outcomes.add(status);
    if (move.refusals.length > 0) expect(move.refusals, body.message).toContain(status);
    else {
      expect(status, body.message).toBe(200);
      expect((await client.finished(body)).state).toBe("success");
      await move.done(body.reference?.id, client);
    }
    if (++session.calls % 10 === 0) await model.verify(client);
  }

  toString(): string {
    return this.#text;
  }
}

/** The zone is closed and opened again on the same state. */
class Restart implements fc.AsyncCommand<Model, Session> {
  check(): boolean {
    return true;
  }

  async run(model: Model, session: Session): Promise<void> {
    await session.restart();
    await model.verify(session.client);
  }

  toString(): string {
    return "restart\n";
  }
}

const missing = fc.oneof({ weight: 1, arbitrary: fc.constant(true) }, { weight: 4, arbitrary: fc.constant(false) });
const command = fc.oneof(
  { weight: 100, arbitrary: fc.tuple(anyMove, missing).map(([build, even]) => new Call(build, even)) },
  { weight: 1, arbitrary: fc.constant(new Restart()) },
);

test("the zone is what a simple model says, whatever is asked of it", { timeout: 600_000 }, async () => {
  let calls = 0;
  let failedAt: number | undefined;
  const property = fc.asyncProperty(
    fc.commands([command], { maxCommands: MOST_CALLS, size: "max" }),
    async (commands) => {
      if (failedAt !== undefined && performance.now() - failedAt > SHRINKING) return;
      const session = await new Session().open();
      try {
        const model = new Model();
        const { "security-groups": groups } = await session.client.get("/security-group");
        for (const { id, name } of groups) model.groups.set(id, { name, rules: new Map(), sources: new Set() });
        await fc.asyncModelRun(() => ({ model, real: session }), commands);
        await model.verify(session.client);
      } catch (error) {
        failedAt ??= performance.now();
        throw error;
      } finally {
        calls += session.calls;
        await session.close();
      }
    },
  );
  const { SEED } = process.env;
  await fc.assert(property, {
    numRuns: RUNS,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    interruptAfterTimeLimit: 500_000,
    markInterruptAsFailure: true,
  });
  // The sequences covered success and every kind of refusal.
  expect([...outcomes].sort()).toEqual([200, 400, 403, 404, 409]);
  expect(calls).toBeGreaterThan(RUNS * 40);
});
