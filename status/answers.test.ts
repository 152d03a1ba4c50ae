import { expect, test } from "vitest";
import { parseNodes, parseReport } from "./answers.ts";
import { object, report } from "./testing/fixtures.ts";

test("a report of this version is parsed completely", () => {
  for (const name of ["dev-master-1", "dev-worker-1"]) {
    const said = report(name);
    const lock = { holders: [{ id: "abc", node: null, since: "2026-11-24T03:00:00Z" }], drainedSeconds: {} };
    const read = parseReport(JSON.stringify({ ...said, lock, drainedSince: "2026-11-24T03:00:00Z" }));
    expect({ ...said, lock, drainedSince: "2026-11-24T03:00:00Z" }).toMatchObject(read);
    expect(Object.values(read).filter((value) => value === null)).toEqual(name === "dev-master-1" ? [] : [null]);
  }
});

test("of an older or partly broken report, the valid parts are parsed", () => {
  const { upSince, kubelet } = report("dev-master-1");
  const read = parseReport(
    JSON.stringify({
      upSince,
      kubelet,
      problems: null,
      window: { start: "04:00" },
      certificates: null,
      update: { status: "IDLE", version: null },
      lock: "?",
    }),
  );
  expect(read).toEqual({
    upSince,
    kubelet,
    osVersion: null,
    problems: [],
    drainedSince: null,
    window: null,
    certificates: [],
    etcd: null,
    lock: null,
    update: { status: "IDLE", version: null, since: null },
  });
});

test.each(["", "null", "[]", "segmentation fault"])("%j is not a report", (text) => {
  expect(() => parseReport(text)).toThrow();
});

test("a list of nodes is parsed, also with a node that never reported its status", () => {
  const bare = { metadata: { name: "new" }, spec: {}, status: { nodeInfo: { machineID: "", kubeletVersion: "" } } };
  expect(
    parseNodes(JSON.stringify({ kind: "NodeList", items: [object("dev-worker-1", "198.18.0.14"), bare] })).map(
      ({ metadata }) => metadata.name,
    ),
  ).toEqual(["dev-worker-1", "new"]);
  expect(() => parseNodes('{"kind": "Status", "code": 403}')).toThrow();
});
