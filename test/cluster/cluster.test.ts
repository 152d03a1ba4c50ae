import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { users } from "../../ignition/users.ts";
import { scriptCommand } from "../../node/remote/scripts.ts";
import { openings, ownPorts, ports } from "../../ports.ts";
import { Cluster } from "../chaos/machines/cluster.ts";
import { machineScenarios } from "../chaos/machines/scenarios.ts";
import { trialsOf } from "../chaos/trials.ts";
import { findings } from "../cis/kube-bench.ts";
import { artifact } from "../node/machine.ts";
import { startServing } from "./clients.ts";
import { fromNothing } from "./from-nothing.ts";
import {
  attempt,
  eventually,
  IMAGE,
  json,
  kubectl,
  leftInZone,
  masters,
  run,
  settings,
  six,
  ssh,
  workers,
} from "./user.ts";

/**
 * One cluster's life from `npm run up` to `npm run down`, as a user would live with it. Each test needs the one
 * before, so the first failure ends the run (`bail` in vitest.config.ts); logs stay in test-results/cluster.
 */

interface NodeObject {
  metadata: { name: string; uid: string; labels: Record<string, string> };
  spec: { taints?: { key: string; effect: string }[]; unschedulable?: boolean };
  status: { conditions: { type: string; status: string }[]; nodeInfo: { bootID: string; kubeletVersion: string } };
}
interface Instance {
  id: string;
  name: string;
  state: string;
  address: string;
}

const nodes = async (): Promise<NodeObject[]> =>
  (JSON.parse(await kubectl("get nodes -o json")) as { items: NodeObject[] }).items;
const ready = (node: NodeObject): boolean =>
  node.status.conditions.some(({ type, status }) => type === "Ready" && status === "True");
const instances = (): Promise<Instance[]> =>
  json<{ instances: Instance[] }>("bin/zone status --json").then((status) => status.instances);
const apiCalls = (): Promise<number> =>
  json<{ apiCalls: number }>("bin/zone status --json").then((status) => status.apiCalls);
const bootIds = async (names: readonly string[]): Promise<string[]> =>
  Promise.all(names.map((name) => ssh(name, "cat /proc/sys/kernel/random/boot_id")));

const { passed } = fromNothing();

test("npm run up creates six nodes", { timeout: 1_800_000 }, async () => {
  const { stdout } = await run("npm run up", { timeout: 1800 });
  for (const name of six) expect(stdout).toContain(name);
  expect(stdout).toContain("bin/kubectl get nodes");
});

test("six nodes are Ready, with roles and the masters' taint", async () => {
  const all = await nodes();
  expect(all.map(({ metadata }) => metadata.name).sort()).toEqual(six);
  expect(all.every(ready)).toBe(true);
  for (const { metadata, spec } of all) {
    const role = metadata.name.includes("master") ? "master" : "worker";
    expect(metadata.labels).toHaveProperty([`node-role.kubernetes.io/${role}`]);
    expect(spec.taints ?? []).toEqual(
      role === "master" ? [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] : [],
    );
  }
});

test("CoreDNS runs on two nodes", async () => {
  const pods = JSON.parse(await kubectl("-n kube-system get pods -l k8s-app=kube-dns -o json")) as {
    items: { spec: { nodeName: string }; status: { phase: string } }[];
  };
  expect(pods.items.map(({ status }) => status.phase)).toEqual(["Running", "Running"]);
  expect(new Set(pods.items.map(({ spec }) => spec.nodeName)).size).toBe(2);
});

test("a second npm run up changes nothing", { timeout: 300_000 }, async () => {
  const before = await bootIds(six);
  await run("npm run up", { timeout: 300 });
  expect(await bootIds(six)).toEqual(before);
});

test("preview expects no changes and makes no API call", { timeout: 120_000 }, async () => {
  const before = await apiCalls();
  await run("bin/pulumi preview --expect-no-changes", { timeout: 120 });
  expect(await apiCalls()).toBe(before);
});

test("each component runs on the right nodes, as a unit or a pod", { timeout: 120_000 }, async () => {
  // Of the units without root: what /proc says of the process.
  const status = 'grep -hE "^(Name|CapBnd|NoNewPrivs|Seccomp):" /proc/$(systemctl show -P MainPID $unit)/status';
  const running = async (name: string): Promise<{ units: string[]; pods: string[] }> => ({
    units: (
      await ssh(
        name,
        `systemctl is-active --quiet kubelet flanneld drain reboot-window docker containerd && sudo docker ps --format {{.Names}} &&
        for unit in flanneld infra-etcd; do ! systemctl is-active --quiet $unit || { ${status}; [ $(stat -c %u /proc/$(systemctl show -P MainPID $unit)) != 0 ]; } || exit 1; done`,
      )
    )
      .replaceAll("\t", " ")
      .split("\n"),
    pods: (
      await kubectl(
        `-n kube-system get pods --field-selector spec.nodeName=${name} -o jsonpath='{range .items[?(@.metadata.ownerReferences[0].kind=="Node")]}{.metadata.name}{"\\n"}{end}'`,
      )
    )
      .split("\n")
      .sort(),
  });
  const confined = ["NoNewPrivs: 1", "Seccomp: 2"];
  // CAP_NET_ADMIN and CAP_NET_RAW.
  const flanneld = ["Name: flanneld", "CapBnd: 0000000000003000", ...confined];
  for (const name of masters) {
    expect(await running(name)).toEqual({
      units: [...flanneld, "Name: infra-etcd", "CapBnd: 0000000000000000", ...confined],
      pods: ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubernetes-etcd"].map(
        (pod) => `${pod}-${name}`,
      ),
    });
  }
  // The control plane: who it is, what it may, and that it does not see another one's files.
  const lines = await ssh(
    masters[0]!,
    `for program in kube-apiserver kube-controller kube-scheduler etcd; do
      pid=$(pgrep --oldest --euid ${Object.values(users).join(",")} "^$program")
      echo $program $(grep -hE "^(Uid|CapEff|NoNewPrivs|Seccomp):" /proc/$pid/status) $(sudo env -C /proc/$pid/root ls run/kubernetes/pki | grep -c "key$")
    done; sudo setpriv --reuid=${users.schedulerUser} --clear-groups cat /run/kubernetes/pods/kube-apiserver/pki/node.key 2>&1 | cat`,
  );
  const right = (program: string, user: number, keys: number) =>
    `${program} Uid: ${Array(4).fill(user).join(" ")} CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 ${keys}`;
  expect(lines.split("\n")).toEqual([
    right("kube-apiserver", users.apiserverUser, 2),
    right("kube-controller", users.controllerManagerUser, 3),
    right("kube-scheduler", users.schedulerUser, 1),
    right("etcd", users.etcdUser, 1),
    expect.stringContaining("Permission denied"),
  ]);
  for (const name of workers) {
    expect(await running(name)).toEqual({
      units: flanneld,
      pods: ["haproxy", "kube-proxy"].map((pod) => `${pod}-${name}`),
    });
  }
});

test("every pod reaches the others on all nodes, by address and by Service name", { timeout: 300_000 }, async () => {
  await kubectl(
    "apply -f -",
    `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: echo}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: echo
          image: ${IMAGE}
          command: [sh, -c, 'mkdir /www && hostname > /www/index.html && echo started && exec busybox httpd -f -p 8080 -h /www']
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec: {type: NodePort, selector: {app: echo}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
`,
  );
  await kubectl("rollout status daemonset/echo --timeout=120s");
  const pods = (
    JSON.parse(await kubectl("get pods -l app=echo -o json")) as {
      items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
    }
  ).items;
  expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual(workers);
  for (const from of pods) {
    for (const to of pods) {
      expect(await kubectl(`exec ${from.metadata.name} -- timeout 5 wget -qO- http://${to.status.podIP}:8080/`)).toBe(
        to.metadata.name,
      );
    }
    expect(pods.map(({ metadata }) => metadata.name)).toContain(
      await kubectl(`exec ${from.metadata.name} -- timeout 5 wget -qO- http://echo.default.svc.cluster.local/`),
    );
    expect(await kubectl(`logs ${from.metadata.name}`)).toContain("started");
  }
});

test("nobody can read a node's keys from the metadata service, root on the node included", async () => {
  for (const address of ["169.254.169.254", "198.18.0.1"]) {
    const url = `http://${address}/latest/user-data`;
    const { stderr } = await attempt(`bin/kubectl exec daemonset/echo -- timeout 5 wget -qO- ${url}`);
    expect(stderr, address).toContain("Connection refused");
    for (const node of [masters[0]!, workers[0]!])
      expect(await ssh(node, `sudo curl -sS -m 5 ${url} 2>&1 | cat`), `${address} from ${node}`).toContain(
        "Failed to connect",
      );
  }
});

test("a pod reaches no port of a node's own but the API, by none of the node's addresses", async () => {
  const pod = await kubectl(`get pods -l app=echo --field-selector spec.nodeName=${workers[0]} -o name`);
  const reached = async (node: string): Promise<number[]> => {
    const addresses = (await ssh(node, "ip -4 -json address | jq -r '.[].addr_info[].local'"))
      .split("\n")
      .filter((address) => address !== "127.0.0.1");
    // The public one, the overlay's, and its bridge's where pods run.
    expect(addresses.length).toBeGreaterThanOrEqual(2);
    const own = ownPorts[node.includes("master") ? "masters" : "workers"].filter(({ protocol }) => protocol === "tcp");
    const probes = addresses.flatMap((address) =>
      own.map(({ port }) => `(timeout 2 busybox nc ${address} ${port} </dev/null >/dev/null 2>&1 && echo ${port}) &`),
    );
    const { stdout } = await run(`bin/kubectl exec -i ${pod} -- sh`, { input: `${probes.join("\n")}\nwait` });
    return [...new Set(stdout.trim().split("\n").filter(Boolean).map(Number))];
  };
  expect(await reached(masters[0]!)).toEqual([ports.apiserver]);
  for (const node of [workers[0]!, workers[1]!]) expect(await reached(node), node).toEqual([]);
});

test("a worker writes in infra-etcd what it has to, and nothing else", { timeout: 120_000 }, async () => {
  const worker = workers[0]!;
  const { address } = (await instances()).find(({ name }) => name === masters[0])!;
  await run(`bin/ssh ${worker} "cat >etcdctl && chmod +x etcdctl" <${artifact("infra-etcd")}/etcdctl`);
  const etcdctl = (command: string) =>
    attempt(
      `bin/ssh ${worker} "sudo env -C /run/kubernetes/pki ETCDCTL_API=3 ~core/etcdctl --endpoints https://${address}:${ports.infraEtcdClient} \
        --cacert infra-etcd-ca.crt --cert infra-etcd.crt --key node.key ${command}"`,
    );
  const before = (await etcdctl("get --print-value-only /coreos.com/network/config")).stdout;
  expect(before).toContain("vxlan");
  for (const command of [
    `put /coreos.com/network/config '{\\"Backend\\":{\\"Type\\":\\"extension\\"}}'`,
    "put /elsewhere x",
    "member remove 1",
    "auth disable",
    "user add --no-password other",
  ])
    expect((await etcdctl(command)).stderr, command).toContain("permission denied");
  expect((await etcdctl("get --print-value-only /coreos.com/network/config")).stdout).toBe(before);
  expect(
    (await etcdctl("get --prefix --keys-only /coreos.com/network/subnets/")).stdout.match(/subnets/g),
  ).toHaveLength(6);
  await ssh(worker, "rm etcdctl");
});

test(
  "kube-bench has no FAIL on a master and a worker, and docs/security.md answers each WARN",
  { timeout: 300_000 },
  async () => {
    const [, answers] = /\n## CIS Kubernetes Benchmark\n([^]*?)\n## /.exec(readFileSync("docs/security.md", "utf8"))!;
    const answered = [...answers!.matchAll(/^\| ([\d., ]+) \|/gm)].flatMap(([, ids]) => ids!.split(", ")).sort();
    const warned = new Set<string>();
    for (const [node, targets, passes] of [
      [masters[1]!, ["master", "etcd", "controlplane", "policies", "node"], 85],
      [workers[1]!, ["node"], 20],
    ] as const) {
      const all = await findings(node, targets);
      const of = (wanted: string) => all.filter(({ status }) => status === wanted);
      expect(of("FAIL").map(({ test_number, test_desc }) => `${test_number} ${test_desc}`)).toEqual([]);
      expect(of("PASS").length).toBeGreaterThan(passes);
      for (const { test_number } of of("WARN")) warned.add(test_number);
    }
    expect([...warned].sort()).toEqual(answered);
  },
);

test("logs, exec and port-forward work on a master too", { timeout: 120_000 }, async () => {
  expect(await kubectl(`-n kube-system logs kube-scheduler-${masters[1]} --tail=3`)).not.toBe("");
  const { stdout } = await run(
    `bin/kubectl -n kube-system port-forward pod/kubernetes-etcd-${masters[2]} 22381:${ports.etcdMetrics} > /dev/null & pid=$!
     for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; curl -s http://127.0.0.1:22381/health && break; done; kill $pid`,
  );
  expect(stdout).toContain('"health":"true"');
});

test("only declared ports can be reached, from outside and between nodes", { timeout: 600_000 }, async () => {
  const addresses = Object.fromEntries((await instances()).map(({ name, address }) => [name, address]));
  // Ports that a node listens on; below, every port of the table is probed too.
  const listening = async (name: string): Promise<number[]> =>
    (await ssh(name, "sudo ss -Hltn"))
      .split("\n")
      .map((line) => Number(/:(\d+)$/.exec(line.trim().split(/\s+/)[3] ?? "")?.[1]))
      .filter(Boolean);
  const group = (name: string) => (name.includes("master") ? "masters" : "workers");
  const probe = (targets: [string, number][]): string =>
    targets
      .map(
        ([address, port]) =>
          `(timeout 1 bash -c "</dev/tcp/${address}/${port}" 2>/dev/null && echo ${address}:${port}) &`,
      )
      .join("\n") + "\nwait";
  for (const [from, reach] of [
    ["outside", (script: string) => run("bash", { input: script }).then(({ stdout }) => stdout)],
    [
      masters[0]!,
      (script: string) => run(`bin/ssh ${masters[0]} bash`, { input: script }).then(({ stdout }) => stdout),
    ],
    [
      workers[0]!,
      (script: string) => run(`bin/ssh ${workers[0]} bash`, { input: script }).then(({ stdout }) => stdout),
    ],
  ] as const) {
    for (const to of [masters[1]!, workers[1]!]) {
      const tried = [
        ...new Set([...(await listening(to)), ...Object.values(ports).filter((port) => port !== ports.vxlan), 30080]),
      ];
      const open = (await reach(probe(tried.map((port) => [addresses[to]!, port]))))
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => Number(line.split(":")[1]))
        .sort((a, b) => a - b);
      const bound = new Set(await listening(to));
      const declared = tried
        .filter(
          (port) =>
            (bound.has(port) || port === 30080) &&
            openings.some(
              ({ on, from: source, protocol, first, last }) =>
                protocol === "tcp" &&
                on === group(to) &&
                port >= first &&
                port <= last &&
                (source === "anywhere" ||
                  (source.endsWith("Sources") ? from === "outside" : from !== "outside" && source === group(from))),
            ),
        )
        .sort((a, b) => a - b);
      expect(open, `from ${from} to ${to}`).toEqual(declared);
    }
  }
});

test("apiSources may be one address: the elastic IP's health checks need a port of their own only", async () => {
  const checks = "198.18.0.2";
  const connects = async (port: number) => {
    const { address } = (await instances()).find(({ name }) => name === masters[0])!;
    const socket = connect({ host: address, port, localAddress: checks });
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(3000) });
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  };
  expect(await connects(ports.apiserver)).toBe(true);
  await run(`bin/pulumi config rm --path 'apiSources[1]' && bin/pulumi up --yes --skip-preview`);
  expect(await connects(ports.apiserver)).toBe(false);
  expect(await connects(ports.apiHealth)).toBe(true);
  // Longer than a failed check takes to count.
  await sleep(15_000);
  expect(await kubectl("get --raw /readyz")).toBe("ok");
});

test("kubectl keeps working while any one master is switched off", { timeout: 600_000 }, async () => {
  for (const name of [masters[0]!, masters[1]!]) {
    await run(`bin/zone kill ${name}`);
    await eventually(
      `the API without ${name}`,
      60,
      () => kubectl("get --raw /readyz"),
      (answer) => answer === "ok",
    );
    // A write during the election of etcd's leader may time out, done or not: clients have to retry.
    const configMap = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "while-${name}-is-away"}}`;
    await eventually(
      `a write without ${name}`,
      60,
      () => attempt("bin/kubectl apply -f -", { input: configMap }),
      ({ code }) => code === 0,
    );
    await run("bin/pulumi up --yes --skip-preview --refresh", { timeout: 300 });
    await eventually(
      `${name} back`,
      180,
      () => attempt(`bin/ssh ${name} ${scriptCommand("health", "--cluster")}`),
      ({ code }) => code === 0,
    );
  }
  expect((await instances()).every(({ state }) => state === "running")).toBe(true);
});

test("desiredWorkers 5 adds two nodes and touches no other", { timeout: 600_000 }, async () => {
  const before = await bootIds(six);
  await run("bin/pulumi config set desiredWorkers 5 && bin/pulumi up --yes --skip-preview", { timeout: 600 });
  const all = await nodes();
  expect(
    all
      .filter(ready)
      .map(({ metadata }) => metadata.name)
      .sort(),
  ).toEqual([...six, "dev-worker-4", "dev-worker-5"]);
  expect(await bootIds(six)).toEqual(before);
});

test("desiredWorkers 3 drains two nodes, then removes them", { timeout: 600_000 }, async () => {
  await kubectl(
    `create deployment spread --image=${IMAGE} --replicas=10 -- sh -c 'trap exit TERM; sleep 100000 & wait'`,
  );
  await kubectl("rollout status deployment/spread --timeout=120s");
  const { stdout } = await run("bin/pulumi config set desiredWorkers 3 && bin/pulumi up --yes --skip-preview", {
    timeout: 600,
  });
  for (const name of ["dev-worker-4", "dev-worker-5"]) {
    // The drain ends with this line. It must be there: a missing line must not count as an earlier one.
    const drained = stdout.indexOf(`Command ${name}-node deleted`);
    expect(drained, name).toBeGreaterThan(-1);
    expect(stdout.indexOf(`Instance ${name} deleting`), name).toBeGreaterThan(drained);
  }
  expect(stdout).toMatch(/evicting pod default\/spread/);
  expect((await nodes()).map(({ metadata }) => metadata.name).sort()).toEqual(six);
  expect((await instances()).map(({ name }) => name).sort()).toEqual(six);
  await kubectl("rollout status deployment/spread --timeout=60s");
  await kubectl("delete deployment spread --wait=false");
});

test("a changed setting reboots workers in place and leaves no former files", { timeout: 900_000 }, async () => {
  const [masterBoots, workerBoots] = [await bootIds(masters), await bootIds(workers)];
  await ssh(workers[0]!, "sudo touch /run/kubernetes/manifests/dropped.yaml");
  await run("bin/pulumi config set --path workerRebootWindow.length 2h && bin/pulumi up --yes --skip-preview", {
    timeout: 900,
  });
  expect(await bootIds(masters)).toEqual(masterBoots);
  const after = await bootIds(workers);
  for (const [n, id] of after.entries()) expect(id).not.toBe(workerBoots[n]);
  for (const name of workers) {
    expect(await ssh(name, "systemctl show reboot-window --property Description")).toContain("7200 s");
  }
  expect(await ssh(workers[0]!, "ls /run/kubernetes/manifests")).toBe("haproxy.yaml\nkube-proxy.yaml");
  expect((await nodes()).every(ready)).toBe(true);
});

test(
  "with SSH closed to this machine a change touches nobody, and says so within two minutes",
  { timeout: 900_000 },
  async () => {
    const asBefore = readFileSync(settings);
    const booted = async () => (await nodes()).map(({ metadata, status }) => [metadata.name, status.nodeInfo.bootID]);
    const before = await booted();
    await run(
      "bin/pulumi config set --path 'sshSources[0]' 203.0.113.0/24 && bin/pulumi config set timeZone Asia/Kolkata",
    );
    const { code, stdout, stderr, took } = await attempt("bin/pulumi up --yes --skip-preview", { timeout: 600 });
    expect(took).toBeLessThan(120);
    expect(code).not.toBe(0);
    const errors = stdout.slice(stdout.lastIndexOf("Diagnostics:")) + stderr;
    for (const kind of ["master", "worker"]) {
      expect(errors).toMatch(
        new RegExp(
          `dev-${kind}-\\d was not touched: it does not answer .* the Kubernetes API says that it is Ready\\. ` +
            "Does `sshSources` admit this machine\\? Nodes see it as 198\\.18\\.0\\.1,",
        ),
      );
    }
    expect((await instances()).every(({ state }) => state === "running")).toBe(true);
    expect(await booted()).toEqual(before);
    writeFileSync(settings, asBefore);
    await run("bin/pulumi up --yes --skip-preview", { timeout: 300 });
    expect(await booted()).toEqual(before);
  },
);

const cluster = new Cluster();

test("the cluster is healthy and serves clients", { timeout: 600_000 }, async () => {
  await startServing();
  await cluster.untilWell();
});

/** The short form of `npm run chaos -- --machines`. */
const few = [
  ["lost master", "dev-master-1 is deleted"],
  ["power cut", "of all six at once"],
] as const;
const trials = few.flatMap(([name, only]) =>
  trialsOf(
    machineScenarios.find((each) => each.name === name)!,
    { runs: 0, seed: 0, only },
  ),
);

test.each(trials)("$name", { timeout: 1_800_000 }, async ({ go }) => {
  console.log(await go(cluster, console.log));
});

test("the state holds no private key in clear", () => {
  const state = readFileSync(".local/state/.pulumi/stacks/kubernetes/dev.json", "utf8");
  expect(state).toContain("BEGIN CERTIFICATE");
  expect(state).not.toMatch(/PRIVATE KEY/);
});

test("destroy leaves nothing in the zone", { timeout: 600_000 }, async () => {
  await run("bin/pulumi destroy --yes --skip-preview", { timeout: 600 });
  expect(await leftInZone()).toEqual([]);
});

test("npm run down leaves nothing on the machine", { timeout: 300_000 }, async () => {
  await run("npm run down", { timeout: 300 });
  expect((await run("ip -brief link; nft list tables; ls -A")).stdout).not.toMatch(/exozone|\.local/);
  passed();
});
