/** Clusters in which something is wrong, and the problems that status must report. */
import { parseNodes, type Refusal } from "../answers.ts";
import { masters, minutesAgo, object, Situation, workers } from "./fixtures.ts";
import { unknown } from "../judge/format.ts";
import type { ProblemKind } from "../problems.ts";

interface Case {
  readonly name: string;
  readonly broken: Situation;
  /** `kind where` of every problem, in order. */
  readonly found: readonly `${ProblemKind} ${string}`[];
  /** `what` and `todo` of the first problem. */
  readonly what: RegExp;
  readonly todo: string | RegExp;
}

export const [m1, m2, m3] = masters as [string, string, string];
export const [w1, w2, w3] = workers as [string, string, string];
const days = (count: number) => minutesAgo(-count * 1440);
export const needsReboot = { status: "UPDATE_STATUS_UPDATED_NEED_REBOOT", version: "4757.3.0" };
export const noLeader = { isHealthy: false, leaderId: "0", members: null };
const refresh = "`bin/pulumi up --refresh` starts it, or recreates it if it is gone";

const silentWebhook = (write: string): Refusal => ({
  write,
  message:
    'Internal error occurred: failed calling webhook "pods.example.com": failed to call webhook: Post "https://tenant.default.svc:443/?timeout=10s": no endpoints available for service "tenant"',
  by: { kind: "validatingwebhookconfiguration", name: "tenant", namespace: null, silentWebhook: 1 },
});

export const cases: readonly Case[] = [
  {
    name: "neither API nor any node answers: one problem, not one per node",
    broken: new Situation().silenceApi().silence(...masters, ...workers),
    found: ["nothing-answers the cluster"],
    what: /TLS handshake timeout.*Connection timed out/,
    todo: /sshSources.*bin\/pulumi up --refresh/,
  },
  {
    name: "a worker is down",
    broken: new Situation().notReady(w2, 12).silence(w2),
    found: [`node-not-ready ${w2}`],
    what: /^not Ready for 12 min: no answer over SSH: .*timed out$/,
    todo: `${refresh}; if it runs with a dead disk: \`bin/pulumi up --replace '**:Claim::${w2}-instance'\``,
  },
  {
    name: "a worker is up but its kubelet is not: the node names the log",
    broken: new Situation()
      .notReady(w2, 12)
      .say(w2, { problems: ["kubelet does not answer (journalctl -u kubelet)", "node is not Ready: Kubelet stopped"] }),
    found: [`node-not-ready ${w2}`],
    what: /^not Ready for 12 min: kubelet does not answer/,
    todo: unknown(`bin/ssh ${w2} sudo journalctl -n 50 -u kubelet`),
  },
  {
    name: "a node is not Ready and reports nothing: the API's reason",
    broken: new Situation().notReady(w2, 12),
    found: [`node-not-ready ${w2}`],
    what: /Kubelet stopped posting node status/,
    todo: unknown(`bin/ssh ${w2} sudo bash /run/kubernetes/bin/health`),
  },
  {
    name: "one master is down: its replacement is named",
    broken: new Situation().notReady(m2, 12).silence(m2),
    found: [`node-not-ready ${m2}`],
    what: /^not Ready for 12 min/,
    todo: `${refresh}; if it runs with a dead disk: \`bin/pulumi up --replace '**:Claim::${m2}-instance'\``,
  },
  {
    name: "two masters are down: no replacement is named, which could delete the last data",
    broken: new Situation()
      .notReady(m2, 12)
      .notReady(m3, 12)
      .silence(m2, m3)
      .silenceApi()
      .member(m1, "kubernetes", noLeader)
      .member(m1, "infra", noLeader)
      .say(m1, {
        problems: [
          `kubernetes-etcd of ${m1} is not healthy`,
          `apiserver of ${m1} is not ready`,
          "API does not answer: refused",
        ],
        lock: null,
      }),
    found: [
      "etcd-no-quorum kubernetes-etcd",
      "etcd-no-quorum infra-etcd",
      "api-silent API",
      `node-silent ${m2}`,
      `node-silent ${m3}`,
      `apiserver-not-ready ${m1}`,
    ],
    what: new RegExp(`^no leader; unhealthy: ${m1}; no answer from ${m2}, ${m3}$`),
    todo: /^`bin\/pulumi up --refresh` starts masters/,
  },
  {
    name: "the API does not answer although apiservers are ready: the path is broken",
    broken: new Situation().silenceApi(),
    found: ["api-silent API"],
    what: /apiservers are ready: dev-master-1, dev-master-2, dev-master-3$/,
    todo: /^`bin\/pulumi up --refresh` repairs the elastic IP/,
  },
  {
    name: "no apiserver is ready",
    broken: masters.reduce(
      (all, name) => all.say(name, { problems: [`apiserver of ${name} is not ready`] }),
      new Situation().silenceApi(),
    ),
    found: ["api-silent API", ...masters.map((name) => `apiserver-not-ready ${name}` as const)],
    what: /does not answer: Unable to connect/,
    todo: unknown(`bin/ssh ${m1} sudo bash /run/kubernetes/bin/health`),
  },
  {
    name: "one apiserver is not ready",
    broken: new Situation().say(m3, { problems: [`apiserver of ${m3} is not ready`] }),
    found: [`apiserver-not-ready ${m3}`],
    what: /apiserver is not ready/,
    todo: unknown(`bin/ssh ${m3} "sudo sh -c 'tail -n 50 /var/log/pods/kube-system_kube-apiserver-*/*/*.log'"`),
  },
  {
    name: "a master of the stack is not in the cluster",
    broken: (() => {
      const missing = new Situation().silence(m3);
      missing.objects.splice(2, 1);
      return missing;
    })(),
    found: [`node-missing ${m3}`],
    what: /^in the stack but not in the cluster: no answer over SSH/,
    todo: new RegExp(`^${refresh}; if .*Claim::${m3}-instance'.$`),
  },
  {
    name: "a node object was deleted by hand",
    broken: (() => {
      const missing = new Situation();
      missing.objects.splice(4, 1);
      return missing;
    })(),
    found: [`node-missing ${w2}`],
    what: /^in the stack but not in the cluster$/,
    todo: `it comes back by itself within a minute; if it does not: \`bin/ssh ${w2} sudo journalctl -n 50 -u membership\``,
  },
  {
    name: "a node of the cluster is not in the stack",
    broken: (() => {
      const more = new Situation();
      more.objects.push(...parseNodes(JSON.stringify({ items: [object("dev-worker-4", "198.18.0.17")] })));
      return more;
    })(),
    found: ["node-stranger dev-worker-4"],
    what: /not in the stack/,
    todo: /`bin\/kubectl delete node dev-worker-4`$/,
  },
  {
    name: "a Ready node does not answer over SSH",
    broken: new Situation().silence(w1),
    found: [`ssh-silent ${w1}`],
    what: /^Ready, but no answer over SSH: .*timed out$/,
    todo: unknown(`bin/ssh -v ${w1}`),
  },
  {
    name: "no node answers over SSH, but the API does",
    broken: new Situation().silence(...masters, ...workers),
    found: ["ssh-silent every node"],
    what: /no answer over SSH/,
    todo: /bin\/pulumi config get sshSources/,
  },
  {
    name: "a component of a node does not answer",
    broken: new Situation().say(m3, { problems: ["kube-scheduler does not answer"] }),
    found: [`node-unwell ${m3}`],
    what: /^kube-scheduler does not answer$/,
    todo: unknown(`bin/ssh ${m3} "sudo sh -c 'tail -n 50 /var/log/pods/kube-system_kube-scheduler-*/*/*.log'"`),
  },
  {
    name: "a webhook that fails closed has no backend: it is named, and so is what to type",
    broken: new Situation().sayApi({
      refusals: [silentWebhook("changes of a Node"), silentWebhook("a node's own pods")],
    }),
    found: ["writes-refused validatingwebhookconfiguration tenant"],
    what: /^the API refuses changes of a Node, a node's own pods: .*no endpoints available for service "tenant"$/,
    todo: `until its backend runs again: \`bin/kubectl patch validatingwebhookconfiguration tenant --type json --patch '[{"op":"replace","path":"/webhooks/1/failurePolicy","value":"Ignore"}]'\``,
  },
  {
    name: "a webhook says no",
    broken: new Situation().sayApi({
      refusals: [
        {
          write: "a node's lease",
          message: 'admission webhook "no.example.com" denied the request: no',
          by: { kind: "mutatingwebhookconfiguration", name: "no", namespace: null, silentWebhook: null },
        },
      ],
    }),
    found: ["writes-refused mutatingwebhookconfiguration no"],
    what: /^the API refuses a node's lease: admission webhook "no.example.com" denied the request: no$/,
    todo: "`bin/kubectl delete mutatingwebhookconfiguration no`",
  },
  {
    name: "a quota has no room for a node's own pods",
    broken: new Situation().sayApi({
      refusals: [
        {
          write: "a node's own pods",
          message:
            'pods "status-dev-master-1" is forbidden: exceeded quota: tenants, requested: pods=1, used: pods=0, limited: pods=0',
          by: { kind: "resourcequota", name: "tenants", namespace: "kube-system", silentWebhook: null },
        },
      ],
    }),
    found: ["writes-refused resourcequota tenants"],
    what: /exceeded quota: tenants/,
    todo: "`bin/kubectl --namespace kube-system delete resourcequota tenants`",
  },
  {
    name: "something unknown refuses",
    broken: new Situation().sayApi({
      refusals: [{ write: "changes of a Node", message: "nodes is forbidden: because", by: null }],
    }),
    found: ["writes-refused API"],
    what: /nodes is forbidden: because/,
    todo: unknown("bin/kubectl get events --all-namespaces --field-selector type=Warning"),
  },
  {
    name: "CoreDNS was scaled to zero: nothing resolves",
    broken: new Situation().silenceDns(...masters, ...workers).coredns({ replicas: 0, available: 0 }),
    found: ["dns-silent cluster DNS", "addon-short coredns"],
    what: /^none of 6 nodes gets an answer from the cluster's DNS: no answer from 10.96.0.10$/,
    todo: "`bin/pulumi up --refresh` brings its pods back",
  },
  {
    name: "CoreDNS was deleted",
    broken: new Situation().silenceDns(...masters, ...workers).sayApi({ addons: [] }),
    found: ["dns-silent cluster DNS"],
    what: /^none of 6 nodes/,
    todo: "`bin/pulumi up --refresh` brings its pods back",
  },
  {
    name: "CoreDNS' pods do not run",
    broken: new Situation().silenceDns(...masters, ...workers).coredns({ available: 0, obstacle: "exceeded quota: x" }),
    found: ["dns-silent cluster DNS", "addon-short coredns"],
    what: /^none of 6 nodes/,
    todo: unknown("bin/kubectl --namespace kube-system describe pods -l k8s-app=kube-dns"),
  },
  {
    name: "one node does not reach the cluster's DNS",
    broken: new Situation().silenceDns(w2),
    found: [`dns-silent ${w2}`],
    what: /^no answer from the cluster's DNS: no answer from 10.96.0.10$/,
    todo: unknown(`bin/ssh ${w2} sudo journalctl -n 50 -u flanneld`),
  },
  {
    name: "an add-on was scaled down by hand",
    broken: new Situation().coredns({ replicas: 1, available: 1 }),
    found: ["addon-short coredns"],
    what: /^1 of 2 replicas$/,
    todo: "`bin/pulumi up --refresh` brings them back",
  },
  {
    name: "an add-on's pods are refused",
    broken: new Situation().coredns({
      available: 1,
      obstacle: 'pods "coredns-1" is forbidden: exceeded quota: tenants',
    }),
    found: ["addon-short coredns"],
    what: /^1 of 2 replicas: pods .* exceeded quota: tenants$/,
    todo: unknown("bin/kubectl --namespace kube-system describe deployment coredns"),
  },
  {
    name: "one of three connections through the elastic IP meets an apiserver that is not ready",
    broken: new Situation().sayApi({ readiness: [null, "Unable to connect to the server: EOF", null] }),
    found: ["api-unsteady API"],
    what: /^1 of 3 connections to https:\/\/198.18.0.9:6443 are not ready: Unable to connect to the server: EOF$/,
    todo: unknown("bin/kubectl get --raw '/readyz?verbose'"),
  },
  {
    name: "a Ready node of an earlier release reports that it is unhealthy",
    broken: new Situation().say(w1, {
      problems: [`pod haproxy-${w1} is not Ready`, "no flannel lease yet (journalctl -u flanneld)"],
    }),
    found: [`node-unwell ${w1}`],
    what: /^pod haproxy-dev-worker-1 is not Ready; no flannel lease yet/,
    todo: unknown(`bin/kubectl --namespace kube-system describe pod haproxy-${w1}`),
  },
  {
    name: "only one node does not reach the API",
    broken: new Situation().say(w1, { problems: ["API does not answer: connection refused"] }),
    found: [`node-unwell ${w1}`],
    what: /API does not answer/,
    todo: unknown(`bin/ssh ${w1} sudo bash /run/kubernetes/bin/health`),
  },
  {
    name: "a node with an older configuration has no report",
    broken: new Situation().refuse(w1),
    found: [`node-report ${w1}`],
    what: /^no report: bash: .*No such file/,
    todo: "bin/pulumi up",
  },
  {
    name: "cordoned by hand",
    broken: (() => {
      const cordoned = new Situation().say(w1, { problems: [`node is cordoned (kubectl uncordon ${w1})`] });
      cordoned.object(w1).spec.unschedulable = true;
      cordoned.object(w1).metadata.managedFields.push({
        manager: "kubectl",
        time: minutesAgo(200),
        fieldsV1: { "f:spec": { "f:unschedulable": {} } },
      });
      return cordoned;
    })(),
    found: [`node-cordoned ${w1}`],
    what: /^cordoned by kubectl for 3 h/,
    todo: /`bin\/kubectl uncordon dev-worker-1`$/,
  },
  {
    name: "drained itself, rebooted, is healthy, and is not back in service",
    broken: new Situation().drained(w1, 30).say(w1, {
      upSince: minutesAgo(20),
      problems: [`node is drained by itself since ${minutesAgo(30)} and not back in service yet`],
    }),
    found: [`node-stays-drained ${w1}`],
    what: /^drained for 30 min/,
    todo: unknown(`bin/ssh ${w1} sudo journalctl -n 50 -u reboot-window`),
  },
  {
    name: "has been drained for longer than any drain takes, and never shut down",
    broken: new Situation().drained(w1, 70),
    found: [`node-stays-drained ${w1}`],
    what: /for 70 min/,
    todo: /reboot-window/,
  },
  {
    name: "one member is unhealthy",
    broken: new Situation()
      .member(m3, "infra", { isHealthy: false, leaderId: null })
      .say(m3, { problems: [`infra-etcd of ${m3} is not healthy (journalctl -u infra-etcd)`] }),
    found: [`etcd-member ${m3}`],
    what: /member of infra-etcd is unhealthy/,
    todo: unknown(`bin/ssh ${m3} sudo journalctl -n 50 -u infra-etcd`),
  },
  {
    name: "NOSPACE makes every member unhealthy: one problem",
    broken: masters.reduce(
      (all, name) => all.member(name, "kubernetes", { isHealthy: false, alarms: ["NOSPACE"] }),
      new Situation(),
    ),
    found: ["etcd-alarm kubernetes-etcd"],
    what: /^alarm NOSPACE on dev-master-1, dev-master-2, dev-master-3/,
    todo: /docs\/status\.md/,
  },
  {
    name: "a member that is not a master",
    broken: masters.reduce(
      (all, name) =>
        all.member(name, "infra", {
          members: [...masters, "dev-master-0"].map((name, i) => ({ id: String(i + 1), name, isLearner: false })),
        }),
      new Situation(),
    ),
    found: ["etcd-membership infra-etcd"],
    what: /dev-master-0 is a member but not a master/,
    todo: /A member too many or too few/,
  },
  {
    name: "a master that is not a member",
    broken: new Situation().member(m1, "kubernetes", {
      members: masters.slice(0, 2).map((name, i) => ({ id: String(i + 1), name, isLearner: false })),
    }),
    found: ["etcd-membership kubernetes-etcd"],
    what: /dev-master-3 is not a member/,
    todo: /./,
  },
  {
    name: "a node that came back unhealthy holds the lock",
    broken: new Situation()
      .drained(w2, 6)
      .notReady(w2, 5)
      .say(w2, { upSince: minutesAgo(2), problems: ["kubelet does not answer (journalctl -u kubelet)"] })
      .lock(w2),
    found: [`node-not-ready ${w2}`, `lock-unwell ${w2}`],
    what: /kubelet does not answer/,
    todo: /journalctl -n 50 -u kubelet/,
  },
  {
    name: "a node that has not come back in time holds the lock",
    broken: new Situation().drained(w2, 16).notReady(w2, 12).silence(w2).lock(w2),
    found: [`node-not-ready ${w2}`, `lock-unwell ${w2}`],
    what: /no answer over SSH/,
    todo: /--refresh/,
  },
  {
    name: "a Pulumi run that has ended holds the lock",
    broken: new Situation().lock(`pulumi since ${minutesAgo(10)}`),
    found: ["lock-left reboot lock"],
    what: /^held by “pulumi” for 10 min, but no Pulumi run is active on this stack$/,
    todo: `bin/ssh ${m1} sudo bash /run/kubernetes/bin/reboot-lock give pulumi`,
  },
  {
    name: "a removal that has ended holds the lock: a name of several words is quoted",
    broken: new Situation().lock(`removal of dev-worker-4 since ${minutesAgo(10)}`),
    found: ["lock-left reboot lock"],
    what: /removal of dev-worker-4/,
    todo: `bin/ssh ${m1} "sudo bash /run/kubernetes/bin/reboot-lock give 'removal of dev-worker-4'"`,
  },
  {
    name: "a machine that is not a node holds the lock",
    broken: new Situation().lock("6f2c"),
    found: ["lock-left reboot lock"],
    what: /held by machine 6f2c, which is not a node/,
    todo: /reboot-lock give 6f2c$/,
  },
  {
    name: "an operator has held the lock for more than an hour",
    broken: new Situation().lock(`maintenance since ${minutesAgo(90)}`),
    found: ["lock-long reboot lock"],
    what: /held by “maintenance” for 90 min/,
    todo: /^if that has ended: `.*reboot-lock give maintenance`$/,
  },
  {
    name: "no node can read the lock",
    broken: new Situation().sayAll({ lock: null }),
    found: ["lock-unknown reboot lock"],
    what: /infra-etcd/,
    todo: unknown(`bin/ssh ${m1} sudo journalctl -n 50 -u infra-etcd`),
  },
  {
    name: "an update has been pending for days",
    broken: new Situation().say(m1, { update: { ...needsReboot, since: minutesAgo(3 * 1440) } }),
    found: [`update-waits ${m1}`],
    what: /^update 4757.3.0 has been pending for 3 d: no update waits$/,
    todo: /reboot-window/,
  },
  {
    name: "update-engine does not answer",
    broken: new Situation().say(w3, { update: null }),
    found: [`update-unknown ${w3}`],
    what: /update-engine does not answer/,
    todo: unknown(`bin/ssh ${w3} sudo journalctl -n 50 -u update-engine`),
  },
  {
    name: "a window too short for three nodes",
    broken: new Situation().say(w1, {
      window: {
        start: "05:00",
        length: 600,
        timeZone: "UTC",
        isOpen: false,
        opens: days(1),
        locksmithd: false,
        waitsFor: null,
      },
    }),
    found: ["window-short workers"],
    what: /^3 nodes need about 15 min .* has 10 min$/,
    todo: "bin/pulumi config set --path workerRebootWindow.length 1h && bin/pulumi up",
  },
  {
    name: "certificates have expired and are due: two problems, however many certificates",
    broken: new Situation()
      .say(m1, { certificates: [{ name: "apiserver", notAfter: days(-1) }] })
      .say(m2, {
        certificates: [
          { name: "apiserver", notAfter: days(12.5) },
          { name: "kubelet", notAfter: days(29) },
        ],
      })
      .say(w1, { certificates: [{ name: "kubelet", notAfter: days(13) }] }),
    found: [`certificate-ended ${m1}`, `certificate-due ${m2}, ${w1}`],
    what: /^apiserver of dev-master-1 has expired$/,
    todo: "bin/pulumi up",
  },
  {
    name: "an authority is about to expire: pulumi up does not renew it",
    broken: new Situation().sayAll({ certificates: [{ name: "infra-etcd-ca", notAfter: days(20.5) }] }),
    found: ["authority-due 6 nodes"],
    what: /^infra-etcd-ca of dev-master-1 expires in 20 d \(and 5 more\)/,
    todo: /An authority expires/,
  },
  {
    name: "a kubelet was left behind, and a member went ahead",
    broken: new Situation().say(w3, { kubelet: "v1.36.3" }).member(m1, "kubernetes", { version: "3.6.17" }),
    found: ["versions-differ kubelet", "versions-differ kubernetes-etcd"],
    what: /^v1.36.4 on 5 nodes, v1.36.3 on dev-worker-3$/,
    todo: "bin/pulumi up",
  },
];
