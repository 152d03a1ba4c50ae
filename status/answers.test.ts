import { expect, test } from "vitest";
import { parseDeployments, parseNodes, parseReport } from "./answers.ts";
import { replicasAnnotation } from "../node/remote/scripts.ts";
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
  expect(() => parseNodes('{"kind": "Status", "code": 403}')).toThrow("items: Invalid input");
  expect(() => parseNodes('{"items": [')).toThrow('11 bytes that are no JSON: {"items": [');
});

// As the API writes them: Go's zero time is null, and fields that are empty are missing.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any JSON
test.each<[string, (node: any) => void]>([
  ["a condition without a time", ({ status }) => (status.conditions[0].lastTransitionTime = null)],
  ["a manager that owns no fields any more", ({ metadata }) => metadata.managedFields.push({ manager: "kubelet" })],
  ["a manager without a time", ({ metadata }) => (metadata.managedFields[0].time = null)],
  ["no addresses", ({ status }) => (status.addresses = null)],
  ["no status", (node) => delete node.status],
])("of a Node with %s nothing else is lost", (_, change) => {
  const [node, other] = [object("dev-worker-1", "198.18.0.14"), object("dev-worker-2", "198.18.0.15")];
  change(node);
  const parsed = parseNodes(JSON.stringify({ items: [node, other] }));
  expect(parsed.map(({ metadata }) => metadata.name)).toEqual(["dev-worker-1", "dev-worker-2"]);
  expect(parsed[1]).toEqual(parseNodes(JSON.stringify({ items: [other] }))[0]);
});

test("a Deployment should have as many replicas as it was made with, whatever it was scaled to", () => {
  const coredns = (made: string | undefined, replicas: number) => ({
    metadata: { name: "coredns", annotations: { other: "x", [replicasAnnotation]: made } },
    spec: { replicas },
    status: {
      availableReplicas: replicas || undefined,
      conditions: [{ type: "ReplicaFailure", status: "True", message: "forbidden" }],
    },
  });
  const items = [coredns("2", 1), coredns("2", 0), coredns(undefined, 2), { ...coredns(undefined, 0), status: {} }];
  expect(parseDeployments(JSON.stringify({ items }))).toEqual([
    { name: "coredns", wanted: 2, replicas: 1, available: 1, obstacle: "forbidden" },
    { name: "coredns", wanted: 2, replicas: 0, available: 0, obstacle: "forbidden" },
    { name: "coredns", wanted: 2, replicas: 2, available: 2, obstacle: "forbidden" },
    { name: "coredns", wanted: 1, replicas: 0, available: 0, obstacle: null },
  ]);
});
