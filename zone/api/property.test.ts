/** Random calls over HTTP, compared with a model after each; `SEED=n` runs one sequence again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { startApi } from "../testing/zone.ts";
import { clientOf } from "../testing/client.ts";
import { Model } from "../testing/model.ts";
import { QUOTAS, someMove } from "../testing/moves.ts";
import { randomFrom, someSeed } from "../testing/random.ts";

const CALLS = 800;

test("the zone is what a simple model says, whatever is asked of it", { timeout: 600_000 }, async () => {
  const random = randomFrom(someSeed());
  const state = mkdtempSync(join(tmpdir(), "zone-property-"));
  const open = async () => startApi({ state, operationDelay: 0, quotas: QUOTAS });
  let api = await open();
  let client = clientOf(api);
  const model = new Model();
  for (const { id, name } of (await client.get("/security-group"))["security-groups"]) {
    model.groups.set(id, { name, rules: new Map(), sources: new Set() });
  }
  /** What was asked so far, for whoever has to understand a failure. */
  const story: string[] = [];
  const outcomes = new Map<string, number>();
  try {
    for (let n = 1; n <= CALLS; n++) {
      const move = someMove(model, random);
      const { status, body } = await client.call(move.method, move.path, move.body);
      story.push(`${move.method} ${move.path} ${JSON.stringify(move.body ?? null)} ${status} ${body.message ?? ""}`);
      if (move.refusals.length > 0) expect(move.refusals, body.message).toContain(status);
      else {
        expect(status, body.message).toBe(200);
        expect((await client.finished(body)).state).toBe("success");
        await move.done(body.reference?.id, client);
      }
      outcomes.set(`${status}`, (outcomes.get(`${status}`) ?? 0) + 1);
      if (n % 10 === 0) await model.verify(client);
      if (n % 200 === 0) {
        await api.close();
        api = await open();
        client = clientOf(api);
        await model.verify(client);
      }
    }
  } catch (error) {
    throw new Error(
      `SEED=${random.seed}, call ${story.length}:\n${story.slice(-15).join("\n")}\n${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    await api.close();
    rmSync(state, { recursive: true });
  }
  // The sequence was worth something: both ways, and every kind of refusal.
  expect([...outcomes.keys()].sort()).toEqual(["200", "400", "403", "404", "409"]);
});
