import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ports } from "../ports.ts";
import { renderMaster, renderWorker } from "./index.ts";
import { master, worker } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

const directory = mkdtempSync(join(tmpdir(), "health-"));
afterAll(() => rmSync(directory, { recursive: true }));
unpack(renderMaster({ ...master, name: "test-master-2", address: "192.0.2.2" }), join(directory, "master"));
unpack(renderWorker(worker), join(directory, "worker"));

/** Runs a master's part of bin/health with these etcd members. Returns the URLs it asks and the problems it prints. */
function look(option: string, members: readonly object[] | undefined, down = 0): string[] {
  const script = `
    exec 3>&1
    source ${directory}/master/bin/common
    options=" ${option} "
    problem() { echo "problem: $*"; }
    systemctl() { true; }
    well() { [[ $1 != "$down" ]]; }
    curl() {
      local url
      for url; do [[ $url != https://* ]] || break; done
      case $url in
        */member/list) [[ -n $answer ]] && echo "$answer" ;;
        *) echo "$url" >&3; [[ $url != *192.0.2.1:* && $url != https://:* ]] ;;
      esac
    }
    source ${directory}/master/bin/master-health
    clients`;
  const answer = members ? JSON.stringify({ members }) : "";
  return execFileSync("bash", ["-c", script], { env: { ...process.env, answer, down: String(down) }, encoding: "utf8" })
    .trim()
    .split("\n");
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

test("without --cluster a master checks itself only", () => {
  expect(look("", undefined)).toEqual(asked(["127.0.0.1"]));
});

test("a rebuilt master is asked at its new address, not at the one in this node's environment", () => {
  expect(look("--cluster", [member(1, "192.0.2.9"), member(2, "192.0.2.2"), member(3, "192.0.2.3")])).toEqual(
    asked(["192.0.2.9", "192.0.2.2", "192.0.2.3"]),
  );
});

test("a master that is no member, has not started, or is dead is a problem, and so is an etcd without a leader", () => {
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

test.each([
  [ports.controllerManager, "kube-controller-manager"],
  [ports.scheduler, "kube-scheduler"],
])("what does not answer at port %s is %s", (port, name) => {
  expect(look("", undefined, port).filter((line) => line.startsWith("problem"))).toEqual([
    `problem: ${name} does not answer`,
  ]);
});

/** Runs a worker's bin/health with neither kubelet nor API. */
appendFileSync(join(directory, "worker/bin/common"), "listens() { false; }; api() { echo refused; return 1; }\n");
function unhealthy(options: string): string[] {
  const { stdout, status } = spawnSync("bash", [join(directory, "worker/bin/health"), ...options.split(" ")], {
    encoding: "utf8",
  });
  expect(status).toBe(1);
  return stdout.trim().split("\n");
}

test("--first prints the first problem only", () => {
  const all = unhealthy("--drained");
  expect(all).toEqual([
    "test-worker-1: kubelet does not answer (journalctl -u kubelet)",
    "test-worker-1: no flannel lease yet (journalctl -u flanneld)",
    // Without the API its clients end, and that is no problem of this node's own.
    "test-worker-1: API does not answer: refused",
  ]);
  expect(unhealthy("--first --drained")).toEqual(all.slice(0, 1));
});

test("a node is healthy by its own components' word, whatever pods the API has", () => {
  const node = join(directory, "well");
  unpack(renderWorker(worker), node);
  const object = {
    spec: {},
    metadata: {},
    status: { nodeInfo: { bootID: "$boot" }, conditions: [{ type: "Ready", status: "True" }] },
  };
  appendFileSync(
    join(node, "bin/common"),
    `listens() { true; }
     curl() { local url; for url; do :; done; [[ $url == http://127.0.0.1:* && $url != "$down"* ]]; }
     api() {
       [[ $1 == "/api/v1/nodes/test-worker-1" ]] || return 1
       boot=$(< /proc/sys/kernel/random/boot_id); echo ${JSON.stringify(JSON.stringify(object))}
     }
     CNI_CONF_DIR=${node}/cni
`,
  );
  mkdirSync(join(node, "cni"));
  writeFileSync(join(node, "cni/10-flannel.conflist"), "{}");
  const health = (down: string) => {
    const { stdout, status } = spawnSync("bash", [join(node, "bin/health")], {
      encoding: "utf8",
      env: { ...process.env, down },
    });
    return [status, stdout.trim()];
  };
  expect(health("none")).toEqual([0, ""]);
  expect(health(`http://127.0.0.1:${ports.proxyHealthz}/`)).toEqual([1, "test-worker-1: kube-proxy does not answer"]);
});
