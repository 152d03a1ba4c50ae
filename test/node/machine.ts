/**
 * A node's own scripts, run for real: in namespaces of their own where /run, /opt and 127.0.0.1 are theirs, with a real
 * kube-apiserver, both real etcds and the real locksmith. Only systemd is a stand-in, and there are no containers.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { master } from "../../ignition/testing/fixtures.ts";
import { forEach, masterAuthorities, masterLeaves, nodeAuthorities, nodeLeaves } from "../../ignition/certificates.ts";
import { renderMaster, type MasterArgs } from "../../ignition/index.ts";
import { cache } from "../../toolchain/paths.ts";

interface CloudConfig {
  write_files: { path: string; content: string; permissions: string }[];
  coreos: { units: { name: string; content?: string; drop_ins?: { content: string }[] }[] };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Directory of the newest artifact of this name. @throws Error if there is none */
export function artifact(name: string): string {
  const places = globSync(join(cache, "artifacts", `${name}-v*`)).sort(
    (a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs,
  );
  if (!places[0]) throw new Error(`${name} is not there yet: \`npm test\` obtains it`);
  return places[0];
}

const NAME = "test-master-1";
const RUN = "/run/kubernetes";

/** Certificates of one authority, for one key, that the programs accept. */
function makePki(directory: string): {
  leaf: (subject: string, names?: readonly string[]) => string;
  pki: Partial<MasterArgs>;
} {
  const openssl = (...args: string[]): string =>
    execFileSync("openssl", args, { cwd: directory, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "1",
    "-subj",
    "/CN=ca",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  );
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "node.key");
  const leaf = (subject: string, names: readonly string[] = ["localhost"]): string => {
    const alternatives = ["IP:127.0.0.1", ...names.map((name) => `DNS:${name}`)].join();
    writeFileSync(join(directory, "ext"), `subjectAltName=${alternatives}\nextendedKeyUsage=clientAuth,serverAuth\n`);
    openssl("req", "-new", "-key", "node.key", "-subj", subject, "-out", "leaf.csr");
    return openssl(
      "x509",
      "-req",
      "-in",
      "leaf.csr",
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "1",
      "-extfile",
      "ext",
    );
  };
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  const ca = read("ca.crt");
  const any = leaf("/CN=any");
  const pki: Partial<MasterArgs> = {
    key: read("node.key"),
    infraEtcdKey: read("node.key"),
    serviceAccountKey: read("node.key"),
    otherServiceAccountKeys: [],
    schedulerKey: read("node.key"),
    kubernetesCAKey: read("ca.key"),
    infraEtcdPasswords: ["of-the-test"],
    certificates: {
      ...forEach([...nodeAuthorities, ...masterAuthorities], () => ca),
      ...forEach([...nodeLeaves, ...masterLeaves], () => any),
      "infra-etcd": leaf(`/CN=${NAME}`),
      "infra-etcd-json": leaf("/O=masters"),
      "kubernetes-etcd": leaf(`/CN=${NAME}`),
      kubelet: leaf(`/O=system:nodes/CN=system:node:${NAME}`),
      "super-admin": leaf("/O=system:masters/CN=super-admin"),
    },
    encryptionKeys: [{ name: "key1", secret: Buffer.alloc(32, 7).toString("base64") }],
  };
  return { leaf, pki };
}

/** Stands in for systemctl, as far as the scripts call it. Really starts and stops locksmithd. */
const SYSTEMCTL = `#!/bin/bash
echo "$*" >> /run/stand-in/systemctl.log
case "$*" in
  *list-jobs*) cat /run/stand-in/jobs 2> /dev/null ;;
  "is-active --quiet kubelet.service") [[ -e /run/stand-in/kubelet ]] ;;
  "start locksmithd.service")
    [[ -e /run/kubernetes/reboot-window.open ]] || exit 0
    bash "$0" is-active && exit 0
    # As systemd does: with no more environment than the unit's.
    env --ignore-environment bash -c '. /run/stand-in/locksmithd.env; exec setsid /run/bin/locksmithd --endpoint=https://127.0.0.1:4001' \\
      >> /run/stand-in/locksmithd.log 2>&1 < /dev/null &
    echo $! > /run/stand-in/locksmithd.pid ;;
  "stop locksmithd.service") bash "$0" is-active && kill "$(cat /run/stand-in/locksmithd.pid)"; while bash "$0" is-active; do sleep 0.1; done ;;
  # No parent reaps it here: a zombie has no executable.
  *is-active*) readlink "/proc/$(cat /run/stand-in/locksmithd.pid 2> /dev/null)/exe" > /dev/null ;;
  *UserspaceTimestamp*) echo @1764000000 ;;
esac
`;

/** Allows everything, as for root on a node. */
const BUS = `<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/> <allow own="*"/>
  </policy>
</busconfig>
`;

export type Machine = Awaited<ReturnType<typeof openMachine>>;

/** @param more what the scripts are rendered with, e.g. another window */
export async function openMachine(more: Partial<MasterArgs> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "node-"));
  const children: ChildProcess[] = [];
  const { leaf, pki } = makePki(directory);
  const args: MasterArgs = {
    ...master,
    ...pki,
    address: "127.0.0.1",
    masters: [{ name: NAME, address: "127.0.0.1" }],
    drainTimeout: 8,
    ...more,
  };

  const init = spawn(
    "unshare",
    [
      "--mount",
      "--net",
      "--pid",
      "--fork",
      "--mount-proc",
      "--kill-child",
      "bash",
      "-c",
      `
    set -e
    ip link set lo up
    for place in /run /opt /var/lib /var/log; do mount -t tmpfs tmpfs $place; done
    mkdir -p /run/stand-in /run/bin /run/dbus /opt/bin
    echo 0123456789abcdef0123456789abcdef > /run/machine-id
    mount --bind /run/machine-id /etc/machine-id
    echo up
    # Until this process closes its end, also by dying.
    exec cat`,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  children.push(init);
  await new Promise<void>((resolve, reject) => {
    init.stdout.once("data", () => resolve());
    init.once("exit", () => reject(new Error("the node's namespaces could not be made")));
  });
  // unshare itself is outside; its child is the first inside.
  const pid = readFileSync(`/proc/${init.pid}/task/${init.pid}/children`, "utf8").trim();
  const inside = ["--target", pid, "--mount", "--net", "--pid", "--", "env", `PATH=/run/bin:${process.env["PATH"]}`];

  const place = (path: string, content: string, mode = 0o644): void => {
    const host = `/proc/${pid}/root${path}`;
    mkdirSync(dirname(host), { recursive: true });
    writeFileSync(host, content);
    chmodSync(host, mode);
  };
  const start = (name: string, command: string[], env: Record<string, string> = {}): ChildProcess => {
    const log = join(directory, `${name}.log`);
    writeFileSync(log, "");
    const child = spawn("bash", ["-c", 'exec "$@" >> "$0" 2>&1', log, "nsenter", ...inside, ...command], {
      stdio: "ignore",
      env: { ...process.env, ...env },
    });
    children.push(child);
    return child;
  };
  const run = (script: string, env: Record<string, string> = {}): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const child = spawn("nsenter", [...inside, "bash", "-c", script], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env },
      });
      const out = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const)
        child[stream].setEncoding("utf8").on("data", (text: string) => (out[stream] += text));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 137, ...out }));
    });
  const must = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await run(script);
    if (code !== 0) throw new Error(`${script}: exit ${code}\n${stdout}${stderr}`);
    return stdout.trim();
  };

  const apply = async (text: string): Promise<void> => {
    const config = parse(text) as CloudConfig;
    for (const { path, content, permissions } of config.write_files) {
      if (path.startsWith("/run/")) place(path, content, parseInt(permissions, 8));
    }
    // Everything that it would fetch is already there.
    place(`${RUN}/bin/fetch`, "", 0o755);
    const dropIn = config.coreos.units.find(({ name }) => name === "locksmithd.service")!.drop_ins![0]!.content;
    place(
      "/run/stand-in/locksmithd.env",
      dropIn
        .split("\n")
        .flatMap((line) => /^Environment="?([^"]*)"?$/.exec(line)?.[1] ?? [])
        .map((setting) => `export ${setting}\n`)
        .join(""),
    );
    await must(`bash ${RUN}/bin/certificates`);
  };
  await apply(renderMaster(args));
  place("/run/bin/systemctl", SYSTEMCTL, 0o755);
  place("/run/dbus/system.conf", BUS);
  await must(`
    ln -s ${artifact("kubectl")}/kubectl /opt/bin/kubectl
    ln -s ${artifact("locksmith")}/locksmithctl /run/bin/locksmithctl
    ln -s ${artifact("locksmith")}/locksmithctl /run/bin/locksmithd`);

  /** Of the program in a static pod. */
  const flagsOf = (manifest: string): string[] => {
    const { spec } = parse(readFileSync(`/proc/${pid}/root${RUN}/${manifest}`, "utf8")) as {
      spec: { containers: [{ command: string[] }] };
    };
    return spec.containers[0].command.slice(1);
  };

  const node = {
    args,
    /** A certificate of the machine's one authority for its one key; `names` are DNS names. */
    leaf,
    run,
    must,
    place,
    start,
    apply: (changes: Partial<MasterArgs>) => apply(renderMaster({ ...args, ...changes })),
    /** Runs one of the node's scripts. */
    script: (name: string, ...rest: string[]) => run([`bash ${RUN}/bin/${name}`, ...rest].join(" ")),
    kubectl: (command: string) => must(`/opt/bin/kubectl --kubeconfig ${RUN}/super-admin.kubeconfig ${command}`),
    log: (name: string) => readFileSync(join(directory, `${name}.log`), "utf8"),
    /** Whether a shutdown is under way. */
    goingDown: (isSo: boolean) => place("/run/stand-in/jobs", isSo ? "123 shutdown.target start waiting\n" : ""),

    async startEtcd(name: "infra-etcd" | "kubernetes-etcd"): Promise<ChildProcess> {
      // Where systemd puts what the unit loads.
      await must(`mkdir -p /var/lib /run/credentials && ln -sfn ${RUN}/pki /run/credentials/${name}.service`);
      await must(`bash ${RUN}/bin/etcd-join ${name}`);
      const flags =
        name === "infra-etcd" ? [`--config-file=${RUN}/etcd/${name}.yaml`] : flagsOf("manifests/kubernetes-etcd.yaml");
      const child = start(name, [join(artifact(name === "infra-etcd" ? name : "etcd"), "etcd"), ...flags]);
      const port = name === "infra-etcd" ? 4001 : 2379;
      await until(`${name} to answer`, 30, () =>
        node.run(
          `curl -sf --cacert ${RUN}/pki/${name}-ca.crt --cert ${RUN}/pki/${name}.crt --key ${RUN}/pki/node.key https://127.0.0.1:${port}/health`,
        ),
      );
      return child;
    },
    /**
     * Starts it with the flags of the node's manifest, and applies the cluster's roles.
     * @param change what is other than there
     */
    async startApiserver(change: (flag: string) => string = (flag) => flag): Promise<ChildProcess> {
      const flags = flagsOf("manifests/kube-apiserver.yaml");
      const child = start("kube-apiserver", [
        join(artifact("kubernetes"), "kube-apiserver"),
        ...flags.map(change),
        "--shutdown-delay-duration=1s",
      ]);
      await until("kube-apiserver to be ready", 120, () => node.run(`curl -sfk https://127.0.0.1:6443/readyz`));
      await must(`bash ${RUN}/bin/bootstrap`);
      return child;
    },
    /** Starts the system bus, with a stand-in for update-engine only. */
    async startUpdateEngine(): Promise<void> {
      start("dbus-daemon", ["dbus-daemon", "--config-file=/run/dbus/system.conf", "--nofork", "--nopidfile"]);
      await until("the bus", 10, () => node.run("busctl list"));
      start("update-engine", [join(artifact("update-engine"), "update-engine")]);
      await until("update-engine", 10, () =>
        node.run("busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Manager GetStatus"),
      );
    },
    announceUpdate: () =>
      must("busctl call com.coreos.update1 /com/coreos/update1 com.coreos.update1.Announcer Announce s 9001.0.0"),
    /** Creates a Node object with a kubelet's status. */
    async register(name: string, { ready = true, machineID = name, address = "" } = {}): Promise<void> {
      const object = { apiVersion: "v1", kind: "Node", metadata: { name } };
      place("/run/stand-in/node.json", JSON.stringify(object));
      await node.kubectl("apply --filename /run/stand-in/node.json");
      await node.status("node", name, {
        conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
        addresses: address ? [{ type: "InternalIP", address }] : [],
        nodeInfo: {
          machineID,
          bootID: "",
          systemUUID: "",
          kernelVersion: "",
          osImage: "",
          containerRuntimeVersion: "",
          kubeletVersion: "",
          kubeProxyVersion: "",
          operatingSystem: "",
          architecture: "",
        },
      });
    },
    /** Writes a status, as a controller or kubelet would. */
    status: (kind: string, name: string, status: object) =>
      node.kubectl(`patch ${kind} ${name} --subresource=status --type=merge --patch '${JSON.stringify({ status })}'`),
    json: async <T>(command: string) => JSON.parse(await node.kubectl(`${command} --output json`)) as T,
    async [Symbol.asyncDispose]() {
      init.kill("SIGKILL");
      const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      await Promise.all(running.map(async (child) => once(child, "exit")));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return node;
}

/** Repeats a command until it succeeds. @throws Error with its last output after `seconds` */
export async function until(what: string, seconds: number, ask: () => Promise<Ran>): Promise<Ran> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const ran = await ask();
    if (ran.code === 0) return ran;
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}; last: ${ran.stdout}${ran.stderr}`);
    await sleep(200);
  }
}
