import { describe, expect, it } from "vitest";

import type { InstanceRecord } from "../families/instances/record.ts";
import { randomFrom, someSeed } from "../testing/random.ts";
import { continued, followConsole } from "./console.ts";

describe("the new part of a log", () => {
  it.each([
    ["a log that has grown", "one\n", "one\ntwo\n", "two\n"],
    ["an unchanged log", "one\n", "one\n", ""],
    ["a log that was empty", "", "one\n", "one\n"],
    ["a log that has shrunk", "one\ntwo\n", "one\n", undefined],
    ["another log", "one\n", "two\nthree\n", undefined],
  ])("%s", (_, before, after, expected) => {
    expect(continued(before, after)).toBe(expected);
  });

  it("is found if only the end of a log is kept, however it grows", () => {
    const random = randomFrom(someSeed());
    const kept = 4000;
    let whole = "";
    let seen = "";
    let received = "";
    for (let n = 0; n < 500; n++) {
      // Repeated lines, as of a service that keeps failing.
      for (let lines = random.int(0, 20); lines > 0; lines--) {
        whole += random.chance(0.5) ? "Failed to start the service.\n" : `[${random.int(0, 1e9)}] message\n`;
      }
      const log = whole.slice(-kept);
      const news = continued(seen, log);
      expect(news, `SEED=${random.seed}, step ${n}`).toBeDefined();
      received += news;
      seen = log;
    }
    expect(received === whole, `SEED=${random.seed}`).toBe(true);
  });
});

it("sends a console's beginning, new text, each error once, and the end", async () => {
  const instances = new Map([["id", { id: "id" } as InstanceRecord]]);
  let log: () => string = () => "one\n";
  const step = followConsole({ instances }, { consoleLog: async () => log() }, "id");
  const sent: [string, unknown][] = [];
  const look = () => step((event, data) => void sent.push([event, data]));
  const received = async (times = 1) => {
    for (let n = 0; n < times; n++) await look();
    return sent.splice(0);
  };
  expect(await received(2)).toEqual([["begin", "one\n"]]);
  log = () => "one\ntwo\n";
  expect(await received(2)).toEqual([["text", "two\n"]]);
  log = () => {
    throw new Error("the engine is away");
  };
  expect(await received(3)).toEqual([["trouble", "the engine is away"]]);
  log = () => "one\ntwo\n";
  expect(await received(2)).toEqual([["begin", "one\ntwo\n"]]);
  log = () => "anew\n";
  expect(await received(2)).toEqual([["begin", "anew\n"]]);
  instances.clear();
  expect(await look()).toBe(false);
  expect(await received()).toEqual([
    ["end", {}],
    ["end", {}],
  ]);
});
