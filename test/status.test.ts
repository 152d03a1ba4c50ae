/** `npm run status` as it is typed, with stand-ins for ssh, kubectl and the Pulumi CLI. */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { masters, object, report, workers } from "../status/testing/fixtures.ts";
import { replicasAnnotation } from "../node/remote/scripts.ts";
import type { NodeReport } from "../node/remote/report.ts";
import type { Status } from "../status/facts.ts";
import { root as checkout } from "../toolchain/paths.ts";

let root: string;

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}
async function program(path: string, text: string): Promise<void> {
  await put(path, `#!/bin/sh\n${text}\n`);
  await chmod(join(root, path), 0o755);
}

const names = [...masters, ...workers];
const soon = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
/** What a node says now, and not when the fixtures were written. */
const today = (name: string): NodeReport => ({
  ...report(name),
  certificates: [{ name: "kubelet", notAfter: soon(100) }],
});
const say = (name: string, text: string) => put(`answers/${name}`, text);

/** CoreDNS' Deployment with so many replicas of the two that it was made with. */
const coredns = (replicas: number) => ({
  metadata: {
    name: "coredns",
    annotations: { [replicasAnnotation]: "2" },
  },
  spec: { replicas },
  status: { availableReplicas: replicas },
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "status-"));
  for (const each of [
    "bin",
    "toolchain",
    "status",
    "ignition",
    "node",
    "config",
    "versions.ts",
    "ports.ts",
    "pod-security.ts",
    "table.ts",
    "Pulumi.yaml",
    "package.json",
  ]) {
    await cp(join(checkout, each), join(root, each), { recursive: true });
  }
  await symlink(join(checkout, "node_modules"), join(root, "node_modules"));
  await execa(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=admin",
      "-days",
      "100",
      "-keyout",
      "/dev/null",
      "-out",
      join(root, "admin.pem"),
    ],
    { stdio: "ignore" },
  );
  const certificate = (await readFile(join(root, "admin.pem"))).toString("base64");
  const outputs = (stack: string) =>
    JSON.stringify({
      kubeconfig: JSON.stringify({
        clusters: [{ name: "k", cluster: { server: "https://198.18.0.9:6443" } }],
        users: [{ name: "admin", user: { "client-certificate-data": certificate } }],
      }),
      sshPrivateKey: "key\n",
      nodes: Object.fromEntries(
        names.map((name, i) => [
          name.replace("dev", stack),
          {
            address: `198.18.0.${i + 11}`,
            role: name.includes("master") ? "master" : "worker",
            hostKey: "ecdsa-sha2-nistp256 AAAA",
          },
        ]),
      ),
    });
  await put("outputs-dev.json", outputs("dev"));
  await put("outputs-prod.json", outputs("prod"));
  await program(".local/bin/pulumi", `cat "${root}/outputs-\${PULUMI_STACK:-dev}.json"`);
  // ssh's last two arguments are the node and the command.
  await program(
    "path/ssh",
    `for a; do node=$command command=$a; done
     case $command in
       "sudo bash -s") exec sh "${root}/answers/$node" ;;
       "bash -s") exec sh "${root}/answers/dns" "$node" ;;
       *) exit 9 ;;
     esac`,
  );
  await program(
    ".local/bin/kubectl",
    `case $* in
       *"get --raw /api/v1/nodes "*) exec sh "${root}/answers/api" ;;
       *"get --raw /readyz "*) sh "${root}/answers/api" > /dev/null && exec echo ok ;;
       *"get --raw /apis/apps/v1/namespaces/kube-system/deployments"*) exec sh "${root}/answers/addons" ;;
       *"get --raw "*webhookconfigurations*) exec sh "${root}/answers/webhooks" ;;
       *"patch "*"--dry-run=server"* | *"create --raw "*"?dryRun=All"*) exec sh "${root}/answers/writes" "$@" ;;
       *) exit 9 ;;
     esac`,
  );
  await say("dns", "exit 0");
  await say("addons", `cat <<'END'\n${JSON.stringify({ items: [coredns(2)] })}\nEND`);
  await say("writes", "exit 0");
  await say("webhooks", `echo '{"items": []}'`);
  for (const name of names) await say(name, `cat <<'END'\n${JSON.stringify(today(name))}\nEND`);
  await say("api", `cat <<'END'\n${JSON.stringify({ items: names.map((name) => object(name, "198.18.0.11")) })}\nEND`);
});
afterEach(() => rm(root, { recursive: true }));

async function status(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  // As npm does, which has these arguments follow the script.
  const { exitCode, stdout, stderr } = await execa("sh", ["-c", `${packageJson.scripts.status} "$@"`, "sh", ...args], {
    cwd: root,
    env: { PATH: `${join(root, "path")}:/usr/bin:/bin`, HOME: root },
    extendEnv: false,
    stripFinalNewline: false,
    reject: false,
  });
  return { code: exitCode!, stdout, stderr };
}

test("no problems: exit code 0, and every node in the table", async () => {
  const { code, stdout, stderr } = await status();
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^OK - dev at .*: 6 nodes, no problems\n/);
  expect(stdout).toMatch(/\nNo problems\.\n$/);
  for (const name of names) expect(stdout).toMatch(new RegExp(`^${name} +(master|worker) +Ready +v1.36.4 `, "m"));
  expect(code).toBe(0);
});

test("--json is one object", async () => {
  const { code, stdout } = await status("--json");
  const { version, state, cluster, problems, nodes, etcds, lock } = JSON.parse(stdout) as Status;
  expect({ version, state, cluster, problems }).toEqual({ version: 1, state: "OK", cluster: "dev", problems: [] });
  expect(nodes.map(({ name }) => name)).toEqual(names);
  expect(etcds!.infra.members).toHaveLength(3);
  expect(lock).toEqual({ isKnown: true, holders: [], isPulumiRunning: false });
  expect(code).toBe(0);
});

test("a warning is exit code 1, something critical 2", async () => {
  await say("dev-worker-1", "echo 'bash: report: No such file' >&2; exit 127");
  expect(await status()).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^WARNING - .*dev-worker-1: no report: bash: report: No such file\n/),
  });
  await say("api", "echo 'Unable to connect to the server: EOF' >&2; exit 1");
  expect(await status()).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(
      /^CRITICAL - .*API: https:\/\/198.18.0.9:6443 does not answer: Unable to connect to the server: EOF/,
    ),
  });
});

test("nothing answers: one problem", async () => {
  for (const name of names)
    await say(name, "echo 'ssh: connect to host 198.18.0.11 port 22: Connection refused' >&2; exit 255");
  await say("api", "exit 1");
  const { code, stdout } = await status("--json");
  const { problems, nodes } = JSON.parse(stdout) as Status;
  expect(problems.map(({ kind }) => kind)).toEqual(["nothing-answers"]);
  expect(nodes[0]).toMatchObject({
    answers: false,
    silence: "connect to host 198.18.0.11 port 22: Connection refused",
  });
  expect(code).toBe(2);
});

test("no node gets an answer from the cluster's DNS: exit code 2, and what brings it back", async () => {
  await say("dns", "echo no answer from 10.96.0.10; exit 1");
  await say("addons", `cat <<'END'\n${JSON.stringify({ items: [coredns(0)] })}\nEND`);
  const { code, stdout } = await status();
  expect(stdout).toMatch(
    /^CRITICAL - .*: cluster DNS: none of 6 nodes gets an answer from the cluster's DNS: no answer from 10.96.0.10 \(and 1 more\)\n/,
  );
  expect(stdout).toContain("> `bin/pulumi up --refresh` brings its pods back\n");
  expect(stdout).toMatch(/^coredns +0 of 2 replicas$/m);
  expect(code).toBe(2);
});

test("a node whose DNS cannot be asked is not a problem", async () => {
  await say("dns", "[ $1 = dev-worker-1 ] && exit 2; exit 0");
  const { code, stdout } = await status("--json");
  expect((JSON.parse(stdout) as Status).nodes.map(({ dns }) => dns?.answers ?? null)).toEqual(
    names.map((name) => (name === "dev-worker-1" ? null : true)),
  );
  expect(code).toBe(0);
});

test("what refuses a node's writes is named by its configuration", async () => {
  await say(
    "writes",
    `case $* in *" node "*) echo 'Error from server (InternalError): Internal error occurred: failed calling webhook "b.example.com": failed to call webhook: no endpoints' >&2; exit 1 ;; esac`,
  );
  await say(
    "webhooks",
    `cat <<'END'\n${JSON.stringify({ items: [{ metadata: { name: "tenant" }, webhooks: [{ name: "a.example.com" }, { name: "b.example.com" }] }] })}\nEND`,
  );
  const { code, stdout } = await status("--json");
  const { problems } = JSON.parse(stdout) as Status;
  expect(problems).toMatchObject([
    {
      kind: "writes-refused",
      where: "validatingwebhookconfiguration tenant",
      what: expect.stringMatching(/^the API refuses changes of a Node, the status of a Node: .*b\.example\.com/),
      todo: expect.stringContaining("/webhooks/1/failurePolicy"),
    },
  ]);
  expect(code).toBe(2);
});

test("nodes are asked at the same time", async () => {
  // Each waits for the five others.
  for (const name of names) {
    await say(
      name,
      `mkdir "${root}/asked-${name}"; while [ "$(ls -d "${root}"/asked-* | wc -l)" -lt 6 ]; do sleep 0.1; done\ncat <<'END'\n${JSON.stringify(today(name))}\nEND`,
    );
  }
  expect((await status()).code).toBe(0);
});

test("--stack takes another stack, and its configuration", async () => {
  await put("Pulumi.prod.yaml", "config: {kubernetes:renewBefore: 2640h}\n");
  const renamed = (value: unknown) => `cat <<'END'\n${JSON.stringify(value).replaceAll("dev-", "prod-")}\nEND`;
  for (const name of names) await say(name.replace("dev", "prod"), renamed(today(name)));
  await say("api", renamed({ items: names.map((name) => object(name, "198.18.0.11")) }));
  const { code, stdout } = await status("--json", "--stack", "prod");
  const { cluster, problems } = JSON.parse(stdout) as Status;
  expect(cluster).toBe("prod");
  expect(problems.map(({ kind }) => kind)).toEqual(["certificate-due"]);
  expect(code).toBe(1);
});

test("with nothing to ask the exit code is 3, and --json is an object all the same", async () => {
  await put("outputs-dev.json", "{}");
  expect(await status()).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/^UNKNOWN - stack: The selected stack has no cluster yet\. Type: bin\/pulumi up\n/),
  });
  await rm(join(root, ".local"), { recursive: true });
  const { code, stdout } = await status("--json");
  const { state, problems, lock } = JSON.parse(stdout) as Status;
  expect({ state, whats: problems.map(({ what }) => what), holders: lock.holders }).toEqual({
    state: "UNKNOWN",
    whats: ["This checkout has no cluster yet. Type: npm run up"],
    holders: [],
  });
  expect(code).toBe(3);
  expect((await status("--no-such-option")).code).toBe(3);
});
