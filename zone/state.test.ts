import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { loadCredentials } from "./credentials.ts";
import { tablesOf } from "./api/family.ts";
import { FAMILIES } from "./families/index.ts";
import type { InstanceRecord } from "./families/instances/record.ts";
import type { EventRecord } from "./records.ts";
import { openState } from "./state.ts";

const open = () => openState(directory, tablesOf(FAMILIES));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "zone-state-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const group = (id: string, name = id) => ({ id, name });

describe("the state", () => {
  it("comes back as it was, in the order of creation", () => {
    const before = open();
    for (const id of ["c", "a", "b"]) before.write((change) => change.put("antiAffinityGroups", group(id)));
    before.write((change) => {
      change.put("antiAffinityGroups", group("a", "renamed"));
      change.delete("antiAffinityGroups", "c");
    });
    before.close();
    const after = open();
    expect([...after.antiAffinityGroups.values()]).toEqual([group("a", "renamed"), group("b")]);
    after.close();
  });

  it("takes a change as a whole or not at all", () => {
    const state = open();
    const cyclic = group("b") as { id: string; name: string; self?: unknown };
    cyclic.self = cyclic;
    expect(() =>
      state.write((change) => {
        change.put("antiAffinityGroups", group("a"));
        change.put("antiAffinityGroups", cyclic);
      }),
    ).toThrow();
    expect(state.antiAffinityGroups.size).toBe(0);
    state.write((change) => change.put("antiAffinityGroups", group("c")));
    state.close();
    const after = open();
    expect([...after.antiAffinityGroups.keys()]).toEqual(["c"]);
    after.close();
  });

  it("belongs to one process at a time", () => {
    const state = open();
    expect(() => open()).toThrow(`another zone is running on ${directory}`);
    state.close();
    open().close();
  });

  it("reads instances of a time that knew no private networks", () => {
    const before = open();
    before.write((change) => change.put("instances", { id: "a", name: "old" } as InstanceRecord));
    before.close();
    const after = open();
    expect(after.instances.get("a")).toEqual({ id: "a", name: "old", privateNetworks: [] });
    after.close();
  });

  it("forgets events beyond a thousand", () => {
    const state = open();
    const event = (id: string) => ({ id }) as EventRecord;
    state.write((change) => {
      for (let n = 0; n <= 1000; n++) change.put("events", event(String(n)));
    });
    state.write((change) => change.put("events", event("new")));
    expect([state.events.has("0"), state.events.has("1"), state.events.size]).toEqual([false, true, 1001]);
    state.close();
    const after = open();
    expect([...after.events.keys()].slice(-1)).toEqual(["new"]);
    after.close();
  });

  it("forgets finished operations beyond ten thousand, never pending ones", () => {
    const state = open();
    const operation = (id: string, done: boolean) => ({
      id,
      command: "test",
      args: {},
      createdAt: "",
      state: done ? ("success" as const) : ("pending" as const),
    });
    state.write((change) => {
      for (let n = 0; n <= 10_000; n++) change.put("operations", operation(String(n), n > 0));
    });
    state.write((change) => change.put("operations", operation("new", true)));
    expect(state.operations.has("0")).toBe(true);
    expect(state.operations.has("1")).toBe(false);
    expect(state.operations.size).toBe(10_001);
    state.close();
  });
});

describe("credentials", () => {
  it("are made once, for their owner alone", async () => {
    const { statSync } = await import("node:fs");
    const made = loadCredentials(directory);
    expect(made.key).toMatch(/^EXO[0-9a-f]{24}$/);
    expect(loadCredentials(directory)).toEqual(made);
    expect(statSync(join(directory, "credentials")).mode & 0o777).toBe(0o600);
  });
});
