import { expect, test } from "vitest";

import { isHealthyAlone, judge as judgeSuspect, waitUntilHealthy, type Suspect, type Verdict } from "./health.ts";
import { timeouts } from "../timeouts.ts";
import { addressTowards } from "./local-address.ts";
import type { SshTarget } from "./ssh.ts";
import { fakeNode, type Shell } from "./testing/ssh-server.ts";

Object.assign(timeouts, { recheck: 1, ailing: 20, evidence: 1_500, lacking: 100 });

const boot = "7f3c7f3c";

/** A node by what its two health checks say. */
function shell(
  node: { code: number; output?: string },
  cluster: { code: number; output?: string } = { code: 0 },
): Shell {
  return (command) => {
    if (command.endsWith("boot_id")) return { code: 0, output: `${boot}\n` };
    return command.endsWith("--cluster") ? cluster : node;
  };
}

/** The verdict on kube-worker-1 or kube-master-1; a node that answers needs no master. */
const judge = (ssh: SshTarget, kind: Suspect["kind"], masters = ssh): Promise<Verdict> =>
  judgeSuspect(suspect(ssh, kind, masters));
const suspect = (ssh: SshTarget, kind: Suspect["kind"] = "master", masters = ssh): Suspect => ({
  name: `kube-${kind}-1`,
  kind,
  ssh,
  masters,
});

/** A node whose SSH server is gone. */
async function silentNode(): Promise<SshTarget> {
  const node = await fakeNode(() => "breaks");
  await node[Symbol.asyncDispose]();
  return node.target;
}

test("a healthy node in a healthy cluster may go down", async () => {
  await using node = await fakeNode(shell({ code: 0 }));
  await expect(judge(node.target, "master")).resolves.toEqual({ kind: "go", bootId: boot });
});

test("unhealthy others are waited for", async () => {
  await using node = await fakeNode(shell({ code: 0 }, { code: 1, output: "etcd kube-master-2: no answer" }));
  await expect(judge(node.target, "master")).resolves.toEqual({
    kind: "wait",
    bootId: boot,
    reason: "etcd kube-master-2: no answer",
  });
});

test("a worker is asked about itself only", async () => {
  await using node = await fakeNode(shell({ code: 0 }, { code: 1 }));
  await expect(judge(node.target, "worker")).resolves.toEqual({ kind: "go", bootId: boot });
});

test("an unhealthy node is repaired, healthy others or not", async () => {
  await using node = await fakeNode(shell({ code: 1, output: "kubelet is dead" }, { code: 1 }));
  await expect(judge(node.target, "master")).resolves.toEqual({ kind: "repair", bootId: boot, serves: true });
});

test("a short disturbance is no reason for a repair", async () => {
  let asked = 0;
  await using node = await fakeNode((command) => shell({ code: ++asked > 4 ? 0 : 1 })(command));
  await expect(judge(node.target, "master")).resolves.toMatchObject({ kind: "go" });
});

test("neither is one that was asked about often, and lasts for less than half a minute", async () => {
  timeouts.ailing = 60_000;
  let asked = 0;
  await using node = await fakeNode((command) => shell({ code: ++asked > 10 ? 0 : 1 })(command));
  await expect(judge(node.target, "master")).resolves.toMatchObject({ kind: "go" });
  timeouts.ailing = 20;
});

test.each(["False", "Unknown"])(
  "a node that does not answer is repaired if its Ready condition is %s",
  async (status) => {
    await using master = await fakeNode(() => ({ code: 0, output: `${status}\n` }));
    const verdict = await judge(await silentNode(), "worker", master.target);
    expect(verdict).toEqual({ kind: "repair", bootId: undefined, serves: false });
    expect(master.commands[0]).toContain("api /api/v1/nodes/kube-worker-1'");
  },
);

test("a node that hangs is repaired once the API has seen it", async () => {
  let asked = 0;
  await using master = await fakeNode(() => ({ code: 0, output: ++asked > 3 ? "Unknown" : "True" }));
  await expect(judge(await silentNode(), "master", master.target)).resolves.toMatchObject({ kind: "repair" });
});

test.each([
  ["the Kubernetes API says that it is Ready", () => ({ code: 0, output: "True" })],
  ["no master could be asked about it", () => "breaks" as const],
  ["no master could be asked about it", () => ({ code: 0, output: "curl: (7) Failed to connect to 127.0.0.1" })],
  ["no master could be asked about it", () => ({ code: 127, output: "bash: jq: command not found" })],
])("a node that does not answer and may be healthy is left to a person: %s", async (word, shell) => {
  await using master = await fakeNode(shell);
  const node = await silentNode();
  const verdict = await judge(node, "worker", master.target);
  expect(verdict).toEqual({
    kind: "unreachable",
    reason: expect.stringMatching(
      new RegExp(`and nothing says that it is broken: ${word}( \\(.+\\))?\\. Does \`sshSources\` admit`),
    ),
  });
  const { reason } = verdict as { reason: string };
  expect(reason).toMatch(/^it does not answer \(SSH to core@127\.0\.0\.1: .*ECONNREFUSED/);
  expect(reason).toContain("Nodes see it as 127.0.0.1, or");
  expect(reason).toContain("`exo compute instance stop kube-worker-1`");
});

/** A node that says this of itself. @param members Whether its members of both etcds run. */
const saying =
  (output: string, members = false): Shell =>
  (command) =>
    command.includes("/livez") ? { code: members ? 0 : 22 } : shell({ code: 1, output })(command);
const noQuorum = [
  "kube-master-1: kubernetes-etcd of kube-master-1 is not healthy",
  "kube-master-1: infra-etcd of kube-master-1 is not healthy (journalctl -u infra-etcd)",
  "kube-master-1: apiserver of kube-master-1 is not ready",
  "kube-master-1: apiserver is not announced to the elastic IP (journalctl -u api-ready)",
  "kube-master-1: kube-scheduler does not answer",
  "kube-master-1: API does not answer: curl: (7) Failed to connect to 127.0.0.1 port 6443",
].join("\n");
const noApi = "kube-worker-1: API does not answer: curl: (52) Empty reply from server";

test.each<[what: string, kind: Suspect["kind"], node: Shell, ready: string, verdict: object]>([
  ["a master whose members run without a quorum", "master", saying(noQuorum, true), "", { kind: "dependent" }],
  ["a master whose members do not run", "master", saying(noQuorum), "", { kind: "repair", serves: false }],
  [
    "a master that has more than that",
    "master",
    saying(`${noQuorum}\nkube-master-1: kubelet does not answer`, true),
    "",
    { kind: "repair", serves: false },
  ],
  [
    "a master of a quorum without its apiserver",
    "master",
    saying("kube-master-1: apiserver of kube-master-1 is not ready", true),
    "",
    { kind: "repair", serves: true },
  ],
  [
    "a master of a quorum without its infra-etcd",
    "master",
    saying("kube-master-1: infra-etcd of kube-master-1 is not healthy (journalctl -u infra-etcd)"),
    "",
    { kind: "repair", serves: true },
  ],
  ["a worker without an API, which no master has", "worker", saying(noApi), "", { kind: "dependent" }],
  [
    "one that has booted without it",
    "worker",
    saying(`kube-worker-1: no flannel lease yet (journalctl -u flanneld)\n${noApi}`),
    "",
    { kind: "dependent" },
  ],
  ["a worker without the API that masters have", "worker", saying(noApi), "Unknown", { kind: "repair", serves: true }],
  [
    "a node whose certificate has expired",
    "worker",
    saying("kube-worker-1: API does not answer: curl: (56) OpenSSL SSL_read: tlsv1 alert certificate expired"),
    "",
    { kind: "repair", serves: true },
  ],
  ...["429", "503"].flatMap((code) =>
    (["master", "worker"] as const).map((kind): [string, Suspect["kind"], Shell, string, object] => [
      `a ${kind} whose API answers ${code}`,
      kind,
      saying(`kube-${kind}-1: API does not answer: curl: (22) The requested URL returned error: ${code}`),
      "True",
      { kind: "dependent" },
    ]),
  ),
])("what others have to give does not make a node broken: %s", async (_what, kind, node, ready, verdict) => {
  await using suspect = await fakeNode(node);
  await using masters = await fakeNode(() => ({ code: 0, output: ready }));
  await expect(judge(suspect.target, kind, masters.target)).resolves.toMatchObject(verdict);
});

test("a worker is healthy whose API comes back between its word and the API's own", async () => {
  let isBack = false;
  await using node = await fakeNode((command) => (isBack ? shell({ code: 0 }) : saying(noApi))(command));
  await using masters = await fakeNode(() => {
    isBack = true;
    return { code: 0, output: "True" };
  });
  await expect(judge(node.target, "worker", masters.target)).resolves.toEqual({ kind: "go", bootId: boot });
});

test("a repaired master is not waited for while it only misses its quorum", async () => {
  await using node = await fakeNode(saying(noQuorum, true));
  expect(await isHealthyAlone(suspect(node.target), "before")).toBe(false);
  await waitUntilHealthy(suspect(node.target), "before");
});

test("a repaired worker that still looks for the API is waited for, unless there is none", async () => {
  let asked = 0;
  await using node = await fakeNode((command) => (++asked > 6 ? shell({ code: 0 }) : saying(noApi))(command));
  await using masters = await fakeNode(() => ({ code: 0, output: "True" }));
  expect(await isHealthyAlone(suspect(node.target, "worker", masters.target), "before")).toBe(true);
  asked = 0;
  await using none = await fakeNode(() => ({ code: 0, output: "curl: (7)" }));
  expect(await isHealthyAlone(suspect(node.target, "worker", none.target), "before")).toBe(false);
});

test("one that answers again is judged by what it says", async () => {
  let asked = 0;
  await using node = await fakeNode((command) => (++asked < 3 ? "breaks" : shell({ code: 0 })(command)));
  await using master = await fakeNode(() => ({ code: 0, output: "True" }));
  await expect(judge(node.target, "worker", master.target)).resolves.toMatchObject({ kind: "go" });
});

test("this machine's address is the one on the way to a host", async () => {
  expect(await addressTowards("127.9.9.9")).toMatch(/^127\.0\.0\.1$/);
});

test("a rebooted node is healthy once it is in another boot and says so", async () => {
  let asked = 0;
  await using node = await fakeNode((command) => {
    asked++;
    if (command.endsWith("boot_id")) return { code: 0, output: asked > 1 ? "another" : boot };
    return { code: asked > 3 ? 0 : 1, output: "etcd starts" };
  });
  await waitUntilHealthy(suspect(node.target), boot);
  expect(node.commands.map((command) => command.split("/").at(-1))).toEqual([
    "boot_id",
    "boot_id",
    "health --cordoned",
    "boot_id",
    "health --cordoned",
  ]);
});

test("a node that stays unhealthy is named, with its last lines", async () => {
  await using node = await fakeNode((command) =>
    command.endsWith("boot_id") ? { code: 0, output: "another" } : { code: 1, output: "etcd: no leader" },
  );
  await expect(waitUntilHealthy(suspect(node.target), boot, 100)).rejects.toThrow(
    /^kube-master-1 is unhealthy 0 s after its reboot\. Last:\netcd: no leader\n/,
  );
  await using other = await fakeNode(() => ({ code: 0, output: boot }));
  await expect(waitUntilHealthy(suspect(other.target), boot, 100)).rejects.toThrow("it has not gone down yet");
});
