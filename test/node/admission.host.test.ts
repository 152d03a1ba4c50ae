/**
 * What the API refuses, with a real one: what would take the nodes' own ports or their word is refused, and where a tenant's
 * webhook, policy, quota or limit refuses what nodes have to write, status names it and says what to type.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { addons } from "../../components/addons/testing/addons.ts";
import { drainAnnotation } from "../../node/remote/scripts.ts";
import { parseNodes } from "../../status/answers.ts";
import { askRefusals } from "../../status/ask-refusals.ts";
import { judgeRefusals } from "../../status/judge/refusals.ts";
import { digest } from "../../status/digest.ts";
import { Situation } from "../../status/testing/fixtures.ts";
import { openMachine, until, type Machine } from "./machine.ts";

const KUBECTL = "/opt/bin/kubectl --kubeconfig /run/kubernetes/super-admin.kubeconfig";
const ID = "0123456789abcdef0123456789abcdef";
const refused = { code: 1 };
const accepted = { code: 0 };

let node: Machine;
let me: string;

const kubectl = async (args: readonly string[], timeout: number, input = "") => {
  const quoted = args.map((arg) => `'${arg}'`).join(" ");
  return node.run(`printf %s "$input" | ${KUBECTL} ${quoted} --request-timeout=${timeout / 1000}s`, { input });
};
const apply = (object: object, ...args: string[]) =>
  kubectl(["apply", "--filename=-", ...args], 20_000, JSON.stringify(object));
const must = async (object: object) => expect(await apply(object)).toMatchObject(accepted);
const refusals = () => askRefusals(kubectl, me);
/** What status says of them. */
const problems = async () => judgeRefusals({ ...digest(new Situation().answers), refusals: await refusals() });

beforeAll(async () => {
  node = await openMachine({ rebootWindow: { start: "04:00", length: 86_400 } });
  me = node.args.name;
  await Promise.all([node.startEtcd("infra-etcd"), node.startEtcd("kubernetes-etcd")]);
  // Far fewer than 100 a second and 1000 at once, so that the flood need not be one.
  await node.must("sed -i 's/qps: 100, burst: 1000/qps: 1, burst: 100/' /run/kubernetes/admission.yaml");
  // Which refuses Services with externalIPs before any policy: apiserver.host.test.ts.
  await node.startApiserver((flag) => flag.replace("DenyServiceExternalIPs,", ""));
  await node.register(me, { machineID: ID });
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec: { holderIdentity: "somebody" } };
  await until("the namespace of leases", 30, () => node.run(`${KUBECTL} get namespace kube-node-lease`));
  await must({ ...lease, metadata: { name: me, namespace: "kube-node-lease" } });
  await must({ ...lease, metadata: { name: "kube-controller-manager", namespace: "kube-system" } });
}, 180_000);
afterAll(() => node[Symbol.asyncDispose]());

test("a Node whose status somebody wrote without times is read, and all others with it", async () => {
  const list = await node.kubectl("get --raw /api/v1/nodes");
  expect(list).toContain('"lastTransitionTime":null');
  expect(parseNodes(list)).toMatchObject([
    { metadata: { name: me }, status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: null }] } },
  ]);
});

/** A webhook on everything, without a backend. */
const webhooks = (...each: object[]) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "tenant" },
  webhooks: each.map((change, i) => ({
    name: `w${i}.example.com`,
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    clientConfig: { service: { namespace: "default", name: "tenant" } },
    rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
    ...change,
  })),
});
/** One that concerns the tenant alone. */
const own = { rules: [{ apiGroups: ["example.com"], apiVersions: ["*"], operations: ["*"], resources: ["things"] }] };

describe("what the apiserver itself does", { timeout: 120_000 }, () => {
  const entries = async () =>
    (await node.must("cat /var/log/kube-apiserver/audit.log")).split("\n").map(
      (line) =>
        JSON.parse(line) as {
          level: string;
          verb: string;
          user: { username: string };
          sourceIPs: string[];
          objectRef?: { resource: string; name?: string; subresource?: string };
          responseStatus: { code: number };
        },
    );
  const entry = (verb: string, resource: string, code: number) =>
    until("the entry", 60, async () => {
      const found = (await entries()).find(
        ({ objectRef, ...each }) =>
          each.verb === verb && objectRef?.resource === resource && each.responseStatus.code === code,
      );
      return { code: found ? 0 : 1, stdout: JSON.stringify(found ?? ""), stderr: "" };
    }).then(({ stdout }) => JSON.parse(stdout) as unknown);

  test("it writes down who read a Secret, who was refused and who ran what, and no Secret", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "a", namespace: "default" } };
    await must({ ...secret, stringData: { password: "not to be written down" } });
    await node.kubectl("get secret a --namespace default");
    await node.run(`${KUBECTL} get secret a --namespace default --as nobody`);
    await node.run(`${KUBECTL} exec --namespace default no-pod -- true`);
    const user = { user: { username: "super-admin" }, sourceIPs: ["127.0.0.1"] };
    expect(await entry("get", "secrets", 200)).toMatchObject({ level: "Metadata", ...user });
    expect(await entry("get", "secrets", 403)).toMatchObject({
      level: "Metadata",
      impersonatedUser: { username: "nobody" },
    });
    expect(await entry("get", "pods", 404)).toMatchObject(user);
    const log = await node.must(
      "cat /var/log/kube-apiserver/audit.log; stat --format %a /var/log/kube-apiserver/audit.log",
    );
    expect(log).not.toMatch(/not to be written down|bm90IHRvIGJl|"resource":"(leases|events)"/);
    expect(log).toMatch(/\n600$/);
  });

  test("a token lives for two days at most", async () => {
    await must({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
    const token = (await node.kubectl("create token default --namespace default --duration 87600h")).split(".")[1]!;
    const { iat, exp } = JSON.parse(Buffer.from(token, "base64url").toString()) as { iat: number; exp: number };
    expect(exp - iat).toBe(48 * 3600);
  });

  test("a flood of events is refused, and nothing else with it", async () => {
    const { stdout } = await node.run(
      `curl --silent --show-error --cacert /run/kubernetes/pki/kubernetes-ca.crt --cert /run/kubernetes/pki/super-admin.crt \\
         --key /run/kubernetes/pki/node.key --parallel --parallel-max 50 --output /dev/null --write-out '%{http_code}\\n' \\
         --header 'Content-Type: application/json' \\
         --data '{"metadata": {"generateName": "flood-"}, "involvedObject": {"namespace": "default"}}' \\
         'https://127.0.0.1:6443/api/v1/namespaces/default/events?n=[1-400]' | sort | uniq -c`,
    );
    const codes = Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.trim().split(" ").reverse() as [string, string]),
    );
    expect(Object.keys(codes).sort()).toEqual(["201", "429"]);
    expect(Number(codes["201"])).toBeGreaterThanOrEqual(100);
    expect(Number(codes["429"])).toBeGreaterThan(100);
    expect(
      (await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } })).code,
    ).toBe(0);
  });
});

describe("what would take the nodes' own ports or their word", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const policies = (await addons(1)).filter(({ type }) => type.includes("ValidatingAdmissionPolicy"));
    expect(policies).toHaveLength(6);
    for (const { inputs } of policies) await must(inputs as object);
    await until("the policies", 60, async () => {
      const tried = await Promise.all([service({}), configuration({})]);
      return { code: tried.every(({ code }) => code === 1) ? 0 : 1, stdout: "", stderr: "" };
    });
  });
  afterAll(async () => {
    await node.must(`${KUBECTL} delete validatingadmissionpolicybindings,validatingadmissionpolicies --all`);
    // The apiserver goes on with policies that it read before, for a moment.
    await until("the end of the policies", 60, async () => {
      const tried = await Promise.all([service({}), configuration({})]);
      return tried.find(({ code }) => code !== 0) ?? tried[0];
    });
  });

  const service = (spec: object) =>
    apply(
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "tenant", namespace: "default" },
        spec: { externalIPs: ["192.0.2.1"], ports: [{ port: 6443 }], ...spec },
      },
      "--dry-run=server",
    );
  test.each([
    ["of the API at a master's address", {}, refused],
    [
      "of flannel",
      {
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 8472, protocol: "UDP" },
        ],
      },
      refused,
    ],
    ["of a worker's kubelet", { ports: [{ port: 10_250 }] }, refused],
    [
      "of nobody",
      {
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 6443, protocol: "UDP" },
        ],
      },
      accepted,
    ],
    ["of the API, at no address of its own", { externalIPs: [] }, accepted],
  ])("a Service with a port %s", async (_, spec, result) => {
    const ran = await service(spec);
    expect(ran, ran.stderr).toMatchObject(result);
    if (result === refused)
      expect(ran.stderr).toContain("a Service with externalIPs may not have a port of the nodes' own: 22, ");
  });

  test("a Node that a kubelet creates and the stack does not have", async () => {
    const list = (names: object) =>
      must({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "kubernetes-on-exoscale-nodes", namespace: "kube-system" },
        data: names,
      });
    const create = (user: string) =>
      node.run(
        `printf %s "$input" | /opt/bin/kubectl --kubeconfig /run/kubernetes/${user}.kubeconfig create --dry-run=server -f -`,
        {
          input: JSON.stringify({
            apiVersion: "v1",
            kind: "Node",
            metadata: { name: user === "kubelet" ? me : "any" },
          }),
        },
      );
    const eventually = (user: string, result: object) =>
      until("the list", 30, async () => {
        const ran = await create(user);
        return { ...ran, code: ran.code === (result as { code: number }).code ? 0 : 1 };
      });
    await node.kubectl(`delete node ${me}`);
    // A list that is lost locks nobody out.
    expect(await create("kubelet")).toMatchObject(accepted);
    await list({ "test-worker-9": "worker" });
    expect((await eventually("kubelet", refused)).stderr).toContain("it is none of the stack's nodes");
    expect(await create("super-admin")).toMatchObject(accepted);
    await list({ "test-worker-9": "worker", [me]: "master" });
    await eventually("kubelet", accepted);
    await node.register(me, { machineID: ID });
  });

  const configuration = (change: object) => apply(webhooks(own, change), "--dry-run=server");
  const rule = (of: object) => ({
    rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], ...of }],
  });
  test.each([
    ["everything", {}, refused],
    ["the status of Nodes", rule({ apiGroups: [""], resources: ["nodes/status"], operations: ["UPDATE"] }), refused],
    ["all leases", rule({ apiGroups: ["coordination.k8s.io"], resources: ["leases"] }), refused],
    ["everything in a namespace", { ...rule({ scope: "Namespaced" }), namespaceSelector: {} }, refused],
    ["everything, and fails open", { failurePolicy: "Ignore" }, accepted],
    ["the deletion of everything", rule({ operations: ["DELETE"] }), accepted],
    ["pods", rule({ apiGroups: [""], resources: ["pods"] }), accepted],
    [
      "everything in some namespaces",
      { ...rule({ scope: "Namespaced" }), namespaceSelector: { matchLabels: { tenant: "a" } } },
      accepted,
    ],
    [
      "everything that no node writes",
      { matchConditions: [{ name: "nodes", expression: "!('system:nodes' in request.userInfo.groups)" }] },
      accepted,
    ],
  ])("a webhook that decides over %s", async (_, change, result) => {
    const ran = await configuration(change);
    expect(ran, ran.stderr).toMatchObject(result);
    if (result === refused) expect(ran.stderr).toContain("a webhook with failurePolicy Fail may not decide over Nodes");
  });
});

describe("what refuses a node's writes", { timeout: 120_000 }, () => {
  /** Types what status says, and tries again. */
  async function mend(todo: string): Promise<void> {
    const [, command] = /`bin\/kubectl (.*)`/.exec(todo) ?? [];
    expect(command, todo).toBeDefined();
    await node.must(`${KUBECTL} ${command}`);
    await until("nothing to be refused", 30, async () => ({
      code: (await refusals()).length,
      stdout: JSON.stringify(await refusals()),
      stderr: "",
    }));
  }
  /** Waits until the API knows of what was applied. */
  const told = () =>
    until("a refusal", 30, async () => ({ code: (await refusals()).length > 0 ? 0 : 1, stdout: "", stderr: "" }));

  afterEach(async () => expect(await refusals()).toEqual([]));

  test("nothing, in a cluster without tenants; and nothing is written", async () => {
    const before = await node.kubectl("get pods,leases,nodes,clusterrolebindings --all-namespaces --output json");
    expect(await refusals()).toEqual([]);
    expect(await node.kubectl("get pods,leases,nodes,clusterrolebindings --all-namespaces --output json")).toBe(before);
  });

  test("a webhook without a backend", async () => {
    await must(webhooks(own, {}));
    await told();
    const [problem, ...others] = await problems();
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      where: "validatingwebhookconfiguration tenant",
      what: expect.stringMatching(
        /^the API refuses changes of a Node, the status of a Node, a node's lease, the control plane's lease, the nodes' roles, a node's own pods: .*"w1.example.com"/,
      ),
    });
    await mend(problem!.todo);
    // It is still there, for the day that its backend is.
    await node.must(`${KUBECTL} delete validatingwebhookconfiguration tenant`);
  });

  test("a quota", async () => {
    await must({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "tenant", namespace: "kube-system" },
      spec: { hard: { "requests.memory": "10Mi" } },
    });
    // The controller manager's part, which does not run here.
    await node.status("resourcequota --namespace kube-system", "tenant", {
      hard: { "requests.memory": "10Mi" },
      used: { "requests.memory": "0" },
    });
    await told();
    const [problem] = await problems();
    expect(problem).toMatchObject({
      where: "resourcequota tenant",
      what: expect.stringMatching(/^the API refuses a node's own pods: .*quota: tenant/),
    });
    await mend(problem!.todo);
  });

  test("a limit", async () => {
    await must({
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "tenant", namespace: "kube-system" },
      spec: { limits: [{ type: "Container", max: { memory: "10Mi" } }] },
    });
    await told();
    const [problem] = await problems();
    expect(problem).toMatchObject({
      where: "limitrange tenant",
      what: expect.stringMatching(/^the API refuses a node's own pods: /),
    });
    await mend(problem!.todo);
  });

  test("a policy", async () => {
    const policy = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name: "tenant" } };
    await must({
      ...policy,
      kind: "ValidatingAdmissionPolicy",
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["nodes"] }],
        },
        validations: [{ expression: "false" }],
      },
    });
    await must({
      ...policy,
      kind: "ValidatingAdmissionPolicyBinding",
      spec: { policyName: "tenant", validationActions: ["Deny"] },
    });
    await told();
    const [problem] = await problems();
    expect(problem).toMatchObject({
      where: "validatingadmissionpolicybinding tenant",
      what: expect.stringMatching(/^the API refuses changes of a Node: /),
    });
    await mend(problem!.todo);
  });
});

describe("with a webhook without a backend", { timeout: 180_000 }, () => {
  const holders = async () => (await node.script("reboot-lock", "holders")).stdout.trim();
  const drained = async () => (await node.kubectl(`get node ${me} --output yaml`)).includes(drainAnnotation);

  test("a node comes back into service once that is typed which status says", async () => {
    await node.kubectl(
      `patch node ${me} --type=merge --patch '{"spec":{"unschedulable":true},"metadata":{"annotations":{"${drainAnnotation}":"2026-11-24T04:10:00Z"}}}'`,
    );
    await node.must(`locksmithctl --endpoint https://127.0.0.1:4001 --etcd-cafile /run/kubernetes/pki/infra-etcd-ca.crt \
      --etcd-certfile /run/kubernetes/pki/infra-etcd.crt --etcd-keyfile /run/kubernetes/pki/node.key lock ${ID}`);
    await must(webhooks({}));
    await until("a refusal", 30, async () => ({ code: (await refusals()).length ? 0 : 1, stdout: "", stderr: "" }));
    // What it checks is not here.
    node.place("/run/kubernetes/bin/health", "exit 0");
    const child = node.start("loop", ["bash", "/run/kubernetes/bin/reboot-window"]);
    await sleep(5000);
    expect(await drained()).toBe(true);
    expect(await holders()).toBe(ID);
    const [problem] = await problems();
    await node.must(`${KUBECTL} ${/`bin\/kubectl (.*)`/.exec(problem!.todo)![1]}`);
    await until("the lock to be free", 60, async () => ({
      code: (await holders()) === "" ? 0 : 1,
      stdout: node.log("loop"),
      stderr: "",
    }));
    expect(await drained()).toBe(false);
    child.kill("SIGKILL");
    await node.must(
      `pkill --full '^bash /run/kubernetes/bin/reboot-windo[w]$'; ${KUBECTL} delete validatingwebhookconfiguration tenant`,
    );
  });

  test("a master boots with the roles of an earlier boot", async () => {
    await must(webhooks({}));
    await until("a refusal", 30, async () => ({ code: (await refusals()).length ? 0 : 1, stdout: "", stderr: "" }));
    await node.must("sed -i 's/ > 60))/ > 3))/' /run/kubernetes/bin/bootstrap");
    const { code, stderr } = await node.run("time timeout 60 bash /run/kubernetes/bin/bootstrap");
    expect(code, stderr).toBe(0);
    await node.must(`${KUBECTL} delete validatingwebhookconfiguration tenant`);
  });

  test("a master without roles does not count as booted", async () => {
    await node.kubectl("delete clusterrolebinding kubernetes-on-exoscale:admins");
    await must(webhooks({}));
    await until("a refusal", 30, async () => ({ code: (await refusals()).length ? 0 : 1, stdout: "", stderr: "" }));
    expect((await node.run("timeout 15 bash /run/kubernetes/bin/bootstrap")).code).toBe(124);
    await node.must(`${KUBECTL} delete validatingwebhookconfiguration tenant`);
    expect((await node.run("timeout 60 bash /run/kubernetes/bin/bootstrap")).code).toBe(0);
  });
});
