import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { noMachines } from "./machines/none.ts";
import { startApi, type TestApi } from "./testing/zone.ts";
import { clientOf, instanceBody, templateBody, type Client } from "./testing/client.ts";
import { announceUpdate, nextVersion } from "./updates.ts";

let api: TestApi;
let client: Client;
let template: string;
/** Names and versions that the machines announced. */
let announced: string[];

beforeEach(async () => {
  announced = [];
  const announce = async ({ name }: { name: string }, version: string) => {
    if (name === "deaf") throw new Error("update-engine does not answer");
    announced.push(`${name} ${version}`);
  };
  api = await startApi({ machines: { ...noMachines(), announceUpdate: announce } });
  client = clientOf(api);
  template = await client.operate("POST", "/template", templateBody);
});
afterEach(() => api.close());

const make = (name: string, more?: object) =>
  client.operate("POST", "/instance", instanceBody(template, { name, ...more }));
const announce = (version: string) => announceUpdate(api.zone, [...api.zone.state.instances.values()], version);

describe("an update", () => {
  it("is announced to each, and the next has another number", async () => {
    await make("a");
    await make("b");
    expect(nextVersion(api.zone)).toBe("9999.0.0");
    await announce("9999.0.9");
    expect(announced).toEqual(["a 9999.0.9", "b 9999.0.9"]);
    expect(nextVersion(api.zone)).toBe("9999.0.10");
    await announce("9999.0.10");
    expect(nextVersion(api.zone)).toBe("9999.0.11");
    await announce("something-else");
    expect(nextVersion(api.zone)).toBe("9999.0.0");
  });

  it("says who did not hear of it; the others did", async () => {
    await make("a");
    await make("deaf");
    await expect(announce("1.2.3")).rejects.toThrow(
      "version 1.2.3 could not be announced to deaf: update-engine does not answer",
    );
    expect([...api.zone.state.instances.values()].map(({ announcedVersion }) => announcedVersion)).toEqual([
      "1.2.3",
      undefined,
    ]);
  });

  it("is for guests: one that is off, or never booted, hears nothing", async () => {
    await make("off", { "auto-start": false });
    api.faults.add({ kind: "never-boots" });
    await make("dead");
    await expect(announce("1.2.3")).rejects.toThrow("not running, so nothing is announced: off, dead");
    expect(announced).toEqual([]);
  });
});
