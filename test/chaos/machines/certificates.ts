/** Renewal and expiry of certificates, replacement of their authorities. */
import assert from "node:assert/strict";

import { CONFIG_MAP, startClients, startCounting } from "../../cluster/clients.ts";
import { attempt, eventually, masters, run, six, ssh, status } from "../../cluster/user.ts";
import type { Verdict } from "../scenarios.ts";
import type { Resource } from "../../sandbox/stack.ts";
import { stepsIn } from "../steps.ts";
import type { Cluster } from "./cluster.ts";
import { expired } from "./expired.ts";
import { expectMembers } from "./lost.ts";

type Say = (text: string) => void;

const boots = six.map((name) => `update Boot ${name}`).sort();

/** Steps of the next run that change nodes or replace certificates. */
async function planned(): Promise<{ boots: string[]; leaves: string[] }> {
  const { stdout } = await run("bin/pulumi preview --diff --non-interactive", { timeout: 300 });
  const steps = stepsIn(stdout);
  return {
    boots: steps.filter((step) => step.includes(" Boot ")),
    leaves: steps.filter((step) => step.startsWith("replace LocallySignedCert")),
  };
}

const trials: Readonly<Record<string, (cluster: Cluster, say: Say) => Promise<Verdict>>> = {
  async "leaves are renewed"(cluster, say) {
    const before = await cluster.certificate("dev-worker-1", "kubelet", "serial");
    await run("bin/pulumi config set leafValidity 8750h");
    const plan = await planned();
    assert.deepEqual(plan.boots, boots);
    assert.equal(plan.leaves.length, leavesOf(await resources()).length);
    const clients = await startClients();
    await cluster.up();
    await cluster.untilWell();
    say((await clients.end(2)).summary);
    assert.notEqual(await cluster.certificate("dev-worker-1", "kubelet", "serial"), before);
    return "right";
  },

  async "all leaves have expired"(cluster, say) {
    const writer = await startCounting();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const { acknowledged } = await writer.stop();
    await expireAll();
    const { problems } = await eventually(
      "the cluster is down and status says why",
      180,
      status,
      ({ problems }) =>
        problems.some(({ what }) => what.startsWith("neither the API")) ||
        problems.some(({ what }) => /does not answer/.test(what)),
    );
    assert.ok(
      problems.some(({ what, todo }) => what.includes("has ended") && todo === "bin/pulumi up"),
      JSON.stringify(problems),
    );
    const dead = await attempt("bin/kubectl get nodes --request-timeout 10s", { timeout: 60 });
    assert.notEqual(dead.code, 0, "the API answers");
    assert.deepEqual((await planned()).boots, boots);
    await cluster.up();
    await cluster.untilWell();
    await expectMembers();
    const found = Number(await cluster.kubectl(`-n default get configmap ${CONFIG_MAP} -o jsonpath='{.data.n}'`));
    assert.ok(
      acknowledged > 0 && found >= acknowledged,
      `${acknowledged} writes were acknowledged, but the ConfigMap holds ${found}`,
    );
    say(`all ${acknowledged} acknowledged writes are still there`);
    return "repaired";
  },

  async "authorities are replaced"(cluster, say) {
    const former = await Promise.all(
      ["kubernetes", "front-proxy", "kubernetes-etcd", "infra-etcd"].map((of) =>
        cluster.certificate(masters[0]!, `${of}-ca`, "serial"),
      ),
    );
    const first = Number((await attempt("bin/pulumi config get caReplacement")).stdout) || 0;
    const skipped = await attempt(`bin/pulumi config set caReplacement ${first + 2} && bin/pulumi preview`, {
      timeout: 300,
    });
    assert.notEqual(skipped.code, 0, "a step was skipped");
    assert.match(skipped.stdout + skipped.stderr, /replaced step by step/);
    for (const step of [first + 1, first + 2, first + 3]) {
      const clients = await startClients();
      await cluster.up({ caReplacement: String(step) });
      await cluster.untilWell();
      say(`step ${step}: ${(await clients.end(2)).summary}`);
      await expectMembers();
    }
    for (const name of six) {
      const authorities = await ssh(
        name,
        "for file in /run/kubernetes/pki/*-ca.crt; do sudo grep -c BEGIN $file; sudo openssl x509 -noout -serial -in $file; done",
      );
      for (const line of authorities.split("\n"))
        assert.ok(line === "1" || (line.startsWith("serial=") && !former.includes(line)), `${name} trusts ${line}`);
    }
    // The bundle that pods read.
    const root = await cluster.kubectl("-n default get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}'");
    assert.equal(root, await ssh(masters[0]!, "sudo cat /run/kubernetes/pki/kubernetes-ca.crt"));
    await cluster.kubectl("-n kube-system rollout status deployment/coredns --timeout=120s");
    return "right";
  },
};

export const certificates = Object.keys(trials);

export async function certificate(cluster: Cluster, which: string, say: Say): Promise<Verdict> {
  await cluster.begin();
  return trials[which]!(cluster, say);
}

interface Exported {
  deployment: { resources: Resource[] };
}

async function exported(flags = ""): Promise<Exported> {
  return JSON.parse((await run(`bin/pulumi stack export ${flags}`, { timeout: 120 })).stdout) as Exported;
}

const resources = async (): Promise<Resource[]> => (await exported()).deployment.resources;
const nameOf = ({ urn }: Resource): string => urn.split("::").at(-1)!;
const leavesOf = (all: readonly Resource[]): Resource[] =>
  all.filter(({ type }) => type.endsWith(":LocallySignedCert"));

/** Replaces every leaf certificate, on the nodes and in the state, by an expired one. No clock is set. */
async function expireAll(): Promise<void> {
  // Exports secrets in clear only to read the authorities' keys.
  const keys = new Map(
    (await exported("--show-secrets")).deployment.resources
      .filter(({ type }) => type.endsWith(":PrivateKey"))
      .map((each) => [nameOf(each), JSON.parse(each.outputs!["privateKeyPem"].plaintext) as string]),
  );
  const state = await exported();
  const past = new Map<string, string>();
  const authorities = new Map(
    state.deployment.resources
      .filter(({ type }) => type.endsWith(":SelfSignedCert"))
      .map((each) => [each.outputs!["certPem"] as string, nameOf(each)]),
  );
  for (const { inputs, outputs } of leavesOf(state.deployment.resources)) {
    const pem = expired(outputs!["certPem"], keys.get(authorities.get(inputs!["caCertPem"])!)!);
    past.set(outputs!["certPem"], pem);
    const end = new Date(Date.now() - 86_400_000).toISOString().replace(/\.\d+/, "");
    Object.assign(outputs!, { certPem: pem, validityEndTime: end });
  }
  await run("bin/pulumi stack import", { input: JSON.stringify(state), timeout: 120 });
  await Promise.all(
    six.map(async (node) => {
      const files = await ssh(
        node,
        'cd /run/kubernetes/pki && for file in *.crt; do echo "== $file"; sudo cat $file; done',
      );
      const script = files
        .split("== ")
        .filter(Boolean)
        .map((text) => {
          const end = text.indexOf("\n");
          const pem = past.get(`${text.slice(end + 1).trim()}\n`);
          return pem ? `cat > /run/kubernetes/pki/${text.slice(0, end)} <<'PEM'\n${pem}PEM\n` : "";
        })
        .join("");
      assert.ok(script.includes("kubelet.crt"), `${node} has none of the state's leaf certificates`);
      // Restarts every process that still has a connection authenticated by the former certificates.
      await run(`bin/ssh ${node} sudo bash`, {
        input: `${script}\npkill --exact 'etcd|kube-apiserver|kube-controller|kube-scheduler|kubelet|haproxy|flanneld'\ntrue\n`,
        timeout: 60,
      });
    }),
  );
}
