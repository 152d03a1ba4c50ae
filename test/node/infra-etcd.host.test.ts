/** infra-etcd's users: the masters' own scripts, and a worker's certificate at a real infra-etcd. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { artifact, openMachine, type Machine } from "./machine.ts";

const PKI = "/run/kubernetes/pki";
const V3 = "https://127.0.0.1:4001/v3";
const SEMAPHORE = "https://127.0.0.1:4001/v2/keys/coreos.com/updateengine/rebootlock/semaphore";
let node: Machine;
beforeAll(async () => {
  node = await openMachine();
  await Promise.all([node.startEtcd("infra-etcd"), node.startEtcd("kubernetes-etcd")]);
  await node.startApiserver();
  await node.register("old-worker", { machineID: "aaaa" });
  for (const user of ["worker", "system:node:old-worker", "system:node:stranger"])
    node.place(`/run/${user}.crt`, node.leaf(`/CN=${user}`));
}, 180_000);
afterAll(() => node[Symbol.asyncDispose]());

const base64 = (text: string) => Buffer.from(text).toString("base64");
const curl = (user: string, rest: string) =>
  node.run(
    `curl --silent --show-error --max-time 5 --cacert ${PKI}/infra-etcd-ca.crt --cert ${user} --key ${PKI}/node.key ${rest}`,
  );
const WORKER = "/run/worker.crt";
const MASTER = `${PKI}/infra-etcd.crt`;
/** By gRPC, as flannel asks. */
const etcdctl = (certificate: string, command: string) =>
  node.run(
    `${artifact("infra-etcd")}/etcdctl --endpoints https://127.0.0.1:4001 --cacert ${PKI}/infra-etcd-ca.crt --cert ${certificate} \
      --key ${PKI}/node.key --command-timeout 5s ${command}`,
    { ETCDCTL_API: "3" },
  );
const config = async () => (await etcdctl(MASTER, "get --print-value-only /coreos.com/network/config")).stdout.trim();
/** As flannel-config puts it. */
const NETWORK = '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan", "Port": 8472}}';
const users = () => node.script("infra-etcd-users");

test("users wait until every master asks as one, and for the names of workers of an earlier release", async () => {
  await node.apply({
    masters: [
      { name: "test-master-1", address: "127.0.0.1" },
      { name: "test-master-2", address: "127.0.0.9" },
    ],
  });
  expect(await users()).toMatchObject({ code: 1 });
  expect(await etcdctl(WORKER, "put /coreos.com/network/config before")).toMatchObject({ code: 0 });
  await node.apply({});
});

test("a run that was interrupted is completed", async () => {
  expect(await etcdctl(MASTER, "role add worker")).toMatchObject({ code: 0 });
  expect(await etcdctl(MASTER, "user add --no-password worker")).toMatchObject({ code: 0 });
  expect(await users()).toMatchObject({ code: 0, stderr: "" });
  expect(await users()).toMatchObject({ code: 0, stderr: "" });
});

describe("a worker", () => {
  test.each([
    ["sets flannel's network", "put /coreos.com/network/config x"],
    ["deletes flannel's network", "del /coreos.com/network/config"],
    ["writes elsewhere", "put /elsewhere x"],
    ["deletes everything", 'del "" --from-key'],
    ["adds a member", "member add other --peer-urls https://127.0.0.9:7001"],
    ["removes a member", "member remove 1"],
    ["takes a snapshot", "snapshot save /run/snapshot"],
    ["switches users off", "auth disable"],
    ["grants itself a role", "user grant-role worker root"],
    ["adds a user", "user add --no-password other"],
  ])("is refused when it %s", async (_, command) => {
    const { code, stdout, stderr } = await etcdctl(WORKER, command);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("permission denied");
  });

  test("is nobody to the API in JSON", async () => {
    for (const [path, data] of [
      ["kv/put", { key: base64("/coreos.com/network/config"), value: base64("x") }],
      ["kv/put", { key: base64("/coreos.com/network/subnets/x"), value: base64("x") }],
      ["cluster/member/add", { peerURLs: ["https://127.0.0.9:7001"] }],
      ["auth/disable", {}],
    ] as const)
      expect((await curl(WORKER, `${V3}/${path} --data '${JSON.stringify(data)}'`)).stdout, path).toMatch(
        /user name is empty|permission denied|will be ignored/,
      );
  });

  test("writes by the v2 API nothing but the lock", async () => {
    for (const rest of [
      "-X PUT https://127.0.0.1:4001/v2/keys/elsewhere -d value=x",
      "-X DELETE 'https://127.0.0.1:4001/v2/keys/coreos.com?recursive=true'",
      "https://127.0.0.1:4001/v2/keys/?recursive=true",
      `-X POST https://127.0.0.1:4001/v2/members -H 'Content-Type: application/json' -d '{"peerURLs":["https://127.0.0.9:7001"]}'`,
      "-X DELETE https://127.0.0.1:4001/v2/auth/enable",
      `-X PUT https://127.0.0.1:4001/v2/auth/users/me -d '{"user":"me","password":"x","roles":["root"]}'`,
      "https://127.0.0.1:4001/v2/auth/users",
    ])
      expect((await curl(WORKER, `${rest} --output /dev/null --write-out '%{http_code}'`)).stdout, rest).toBe("401");
  });

  test("is no peer", async () => {
    const { code, stderr } = await curl(WORKER, "--http1.1 https://127.0.0.1:7001/members");
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/alert|certificate|not connected|reset by peer|Broken pipe/);
    expect(await curl(MASTER, "--http1.1 https://127.0.0.1:7001/members")).toMatchObject({ code: 0 });
  });

  test.each(["worker", "system:node:old-worker"])("leases a pod network as %s, and reads flannel's", async (user) => {
    const certificate = `/run/${user}.crt`;
    const granted = await etcdctl(certificate, "lease grant 60");
    const lease = /lease (\w+) granted/.exec(granted.stdout)![1]!;
    const key = "/coreos.com/network/subnets/10.244.3.0-24";
    for (const command of [
      `put ${key} '{}' --lease ${lease}`,
      `put ${key} '{}' --lease ${lease}`,
      `lease timetolive ${lease}`,
      `lease keep-alive --once ${lease}`,
      "get --prefix /coreos.com/network/subnets",
      "get /coreos.com/network/config",
      `del ${key}`,
    ])
      expect(await etcdctl(certificate, command), command).toMatchObject({ code: 0 });
  });

  test("takes and gives the lock with its own script", async () => {
    const own = await node.must(`cat ${MASTER}`);
    node.place(MASTER, await node.must(`cat ${WORKER}`));
    expect(await node.script("reboot-lock", "take", "x", "0")).toMatchObject({ code: 0 });
    expect(await node.script("reboot-lock", "give", "x")).toMatchObject({ code: 0 });
    node.place(MASTER, own);
    expect(await node.script("reboot-lock", "holders")).toMatchObject({ code: 0, stdout: "" });
  });

  test("may write the lock, but makes no room for two in it", async () => {
    expect(
      await curl(WORKER, `-f -X PUT ${SEMAPHORE} --data-urlencode 'value={"semaphore":2,"max":3,"holders":["aaaa"]}'`),
    ).toMatchObject({ code: 0 });
    expect(await node.script("reboot-lock", "take", "pulumi", "0")).toMatchObject({ code: 75 });
    expect((await curl(MASTER, SEMAPHORE)).stdout).toContain('\\"max\\":1');
    expect(await node.script("reboot-lock", "give", "aaaa")).toMatchObject({ code: 0 });
  });
});

test("a certificate without a user does nothing by the v3 API", async () => {
  for (const command of ["get /coreos.com/network/config", "put /coreos.com/network/subnets/x y"])
    expect((await etcdctl("/run/system:node:stranger.crt", command)).code, command).not.toBe(0);
});

test("masters go on: health, report, members; the network is put right and that is said", async () => {
  const functions = readFileSync(join(import.meta.dirname, "../../node/remote/report"), "utf8").split(
    "\njq --null-input",
  )[0];
  node.place("/run/etcds", `${functions}\netcds\n`);
  const { infra } = JSON.parse(await node.must("bash /run/etcds")) as { infra: unknown };
  expect(infra).toMatchObject({ isHealthy: true, members: [{ name: "test-master-1" }], alarms: [] });
  node.start("flannel-config", ["bash", "/run/kubernetes/bin/flannel-config"]);
  await expect.poll(config, { timeout: 20_000 }).toBe(NETWORK);
  await expect.poll(() => node.log("flannel-config")).toContain("put right; it was 'before'");
});

test("another password follows while both are accepted", async () => {
  await node.apply({ infraEtcdPasswords: ["next", "of-the-test"] });
  expect(await users()).toMatchObject({ code: 0, stderr: "" });
  await node.apply({ infraEtcdPasswords: ["next"] });
  expect(await users()).toMatchObject({ code: 0, stderr: "" });
  expect(
    await node.run("bash -c 'source /run/kubernetes/bin/common; source $bin/infra; login 127.0.0.1 of-the-test'"),
  ).not.toMatchObject({ code: 0 });
});
