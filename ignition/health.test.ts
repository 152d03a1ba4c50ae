import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { ports } from "../ports.ts";
import { fill } from "./template.ts";

const script = fill("master/health", {
  ...ports,
  name: "test-master-2",
  members: "test-master-1=192.0.2.1 test-master-2=192.0.2.2 test-master-3=192.0.2.3",
});

/** Runs a master's part of bin/health: whom it asks, and what it complains of, where etcd has these members. */
function look(option: string, members: readonly object[] | undefined): string[] {
  const stubs = `
    options=" ${option} " pki=/pki
    problem() { echo "problem: $*"; }
    systemctl() { true; }
    get() {
      case $3 in
        */member/list) [[ -n $answer ]] && echo "$answer" ;;
        *) echo "$3" >&2; [[ $3 != *192.0.2.1:* && $3 != https://:* ]] ;;
      esac
    }`;
  const answer = members ? JSON.stringify({ members }) : "";
  const output = execFileSync("bash", ["-c", `exec 2>&1\n${stubs}\n${script}`], {
    env: { ...process.env, answer },
    encoding: "utf8",
  });
  return output.trim().split("\n");
}

const member = (n: number, address: string) => ({
  name: `test-master-${n}`,
  clientURLs: [`https://${address}:${ports.etcdClient}`],
});
const asked = (addresses: readonly string[]) =>
  addresses.flatMap((address) => [
    `https://${address}:${ports.etcdClient}/health`,
    `https://${address}:${ports.infraEtcdClient}/health`,
    `https://${address}:${ports.apiserver}/readyz`,
  ]);

test("a master by itself asks itself", () => {
  expect(look("", undefined)).toEqual(asked(["127.0.0.1"]));
});

test("a fellow that was replaced is asked at its new address, not at the one this node was told", () => {
  expect(look("--cluster", [member(1, "192.0.2.9"), member(2, "192.0.2.2"), member(3, "192.0.2.3")])).toEqual(
    asked(["192.0.2.9", "192.0.2.2", "192.0.2.3"]),
  );
});

test("a fellow that is no member, has not started, or is dead is a problem, and so is an etcd without a leader", () => {
  const problems = (members: object[] | undefined) =>
    look("--cluster", members).filter((line) => line.startsWith("problem"));
  expect(problems([member(2, "192.0.2.2"), member(3, "192.0.2.3")])).toEqual([
    "problem: kubernetes-etcd has no leader, or not 3 members: test-master-2=192.0.2.2 test-master-3=192.0.2.3",
  ]);
  expect(problems([{}, member(2, "192.0.2.2"), member(3, "192.0.2.3")])[0]).toBe(
    "problem: kubernetes-etcd of unstarted is not healthy",
  );
  expect(problems([member(1, "192.0.2.1"), member(2, "192.0.2.2"), member(3, "192.0.2.3")])[0]).toBe(
    "problem: kubernetes-etcd of test-master-1 is not healthy",
  );
  expect(problems(undefined)).toEqual(["problem: kubernetes-etcd has no leader, or not 3 members:"]);
});

/** Runs bin/health on a node where nothing answers. */
function unwell(options: string): string[] {
  const common = "node=test-worker-1 pki=/pki; listens() { false; }; api() { echo refused; return 1; }";
  const whole = fill("node/health", { ...ports, name: "test-worker-1", cniConfDir: "/nowhere", masterHealth: "" });
  const { stdout, status } = spawnSync("bash", ["-s", "--", ...options.split(" ")], {
    input: whole.replace(/source .*/, common),
    encoding: "utf8",
  });
  expect(status).toBe(1);
  return stdout.trim().split("\n");
}

test("who waits is told the first thing alone, everybody else all of them", () => {
  const all = unwell("--drained");
  expect(all).toEqual([
    "test-worker-1: kubelet does not answer (journalctl -u kubelet)",
    "test-worker-1: no flannel lease yet (journalctl -u flanneld)",
    "test-worker-1: API does not answer: refused",
  ]);
  expect(unwell("--first --drained")).toEqual(all.slice(0, 1));
});
