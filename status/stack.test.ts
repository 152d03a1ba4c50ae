import { expect, test } from "vitest";
import { type NodeOutput, sshConfig } from "../toolchain/access.ts";
import { nodesIn, renewBefore, renewBeforeIn } from "./stack.ts";

test("the nodes are those of bin/ssh, masters first, then by number", () => {
  const names = ["two-words-worker-10", "two-words-worker-9", "two-words-master-1"];
  const nodes = Object.fromEntries(
    names.map((name, i): [string, NodeOutput] => [
      name,
      {
        address: `198.18.0.${i + 1}`,
        role: name.includes("master") ? "master" : "worker",
        hostKey: "ecdsa-sha2-nistp256 AAAA",
      },
    ]),
  );
  expect(nodesIn(sshConfig(nodes, "/some where"))).toEqual([
    { name: "two-words-master-1", role: "master", address: "198.18.0.3" },
    { name: "two-words-worker-9", role: "worker", address: "198.18.0.2" },
    { name: "two-words-worker-10", role: "worker", address: "198.18.0.1" },
  ]);
  expect(nodesIn(sshConfig({}, "/"))).toEqual([]);
});

test("renewBefore is the stack's setting, or its default", async () => {
  expect(await renewBefore("dev")).toBe(720);
  expect(await renewBefore("no-such-stack")).toBe(720);
});

test.each([
  ["config: {kubernetes:renewBefore: 48h}", 48],
  ["config:\n  kubernetes:renewBefore: 90m", 720],
  ['config: {kubernetes:renewBefore: ""}', 720],
  ["config: {kubernetes:renewBefore: {secure: v1:AAAA}}", 720],
  ["config: {kubernetes:renewBefore: 48}", 720],
  ["config: text", 720],
  ["<<<<<<< HEAD\nconfig:\n  a: b\n=======\n", 720],
  ["- a", 720],
])("of %o, what is due is due %i hours before its end: status is for when something is wrong", (file, hours) => {
  expect(renewBeforeIn(file)).toBe(hours);
});
