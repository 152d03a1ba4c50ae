/** bin/pulumi, bin/kubectl and bin/ssh with stand-ins for the programs they start. */
import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root as checkout } from "./paths.ts";

/** Prints its arguments and what it was given, one per line. */
const fake = `#!/bin/sh
printf 'arg %s\\n' "$@"
pwd
env | grep -E '^(PULUMI|EXOSCALE|KUBECONFIG|SSH_)' | sort
`;

const modules = ["access", "check-state", "paths", "processes", "progress", "run", "stack-name", "state"];

let root: string;
let elsewhere: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "checkout-"));
  elsewhere = await mkdtemp(join(tmpdir(), "elsewhere-"));
  await cp(join(checkout, "bin"), join(root, "bin"), { recursive: true });
  for (const directory of ["toolchain", ".local/bin", ".local/zone", ".local/state/.pulumi/stacks/p"]) {
    await mkdir(join(root, directory), { recursive: true });
  }
  for (const file of ["Pulumi.yaml", "Pulumi.dev.yaml", "node-version.js"])
    await cp(join(checkout, file), join(root, file));
  for (const file of ["access.sh", "node.sh", ...modules.map((name) => `${name}.ts`)]) {
    await cp(join(checkout, "toolchain", file), join(root, "toolchain", file));
  }
  await symlink(join(checkout, "node_modules"), join(root, "node_modules"));
  await program(join(root, ".local/bin/pulumi"));
  await program(join(root, ".local/bin/kubectl"));
  await writeFile(join(root, ".local/zone/credentials"), "EXOSCALE_API_KEY=EXOlocal\nEXOSCALE_API_SECRET=secret\n");
});
afterEach(async () => {
  await rm(root, { recursive: true });
  await rm(elsewhere, { recursive: true });
});

async function program(path: string, text = fake): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

interface Result {
  readonly code: number;
  readonly lines: string[];
  readonly stderr: string;
}

async function run(
  command: string,
  args: string[],
  { env = {}, cwd = elsewhere }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Result> {
  const { exitCode, stdout, stderr } = await execa(join(root, "bin", command), args, {
    cwd,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: elsewhere, ...env },
    extendEnv: false,
    lines: true,
    reject: false,
  });
  return { code: exitCode!, lines: stdout, stderr: stderr.join("\n") };
}

test.each<[string[], Record<string, string>, string]>([
  [["recover"], {}, "dev"],
  [["recover", "prod"], { PULUMI_STACK: "two" }, "prod"],
  [["recover"], { PULUMI_STACK: "two" }, "two"],
  [["recover", "--stack", "prod"], {}, "prod"],
])("pulumi %j repairs the stack that is meant", async (args, env, stack) => {
  await writeFile(join(root, "toolchain/recover.ts"), "console.log(process.argv.slice(2).join());");
  expect((await run("pulumi", args, { env })).lines).toEqual([stack]);
});

test("an SSH agent that is gone does not matter: nodes are reached with the stack's key", async () => {
  const { code, lines } = await run("pulumi", ["up"], { env: { SSH_AUTH_SOCK: "/tmp/gone/agent.1" } });
  expect(code).toBe(0);
  expect(lines.filter((line) => line.startsWith("SSH_"))).toEqual([]);
});

test("pulumi's processes are set to take less memory, unless the environment says otherwise", async () => {
  await program(
    join(root, ".local/bin/pulumi"),
    `#!/bin/sh\nexec node -p "process.env.NODE_OPTIONS + ' ' + process.allowedNodeEnvironmentFlags.has('--max-semi-space-size') + ' ' + process.env.GOGC + ' ' + process.env.MALLOC_ARENA_MAX"\n`,
  );
  const { lines } = await run("pulumi", [], { env: { NODE_OPTIONS: "--max-semi-space-size=32" } });
  // The last one counts.
  expect(lines).toEqual([
    "--max-semi-space-size=4 --max-semi-space-size=32 --disable-warning=ExperimentalWarning true 50 2",
  ]);
  expect((await run("pulumi", [], { env: { GOGC: "off", MALLOC_ARENA_MAX: "8" } })).lines[0]).toMatch(/ off 8$/);
});

test("no kubeconfig stays in the system's temporary directory, nor for long in the checkout", async () => {
  const forgotten = join(root, ".local/tmp/kubeconfig123");
  await program(
    join(root, ".local/bin/pulumi"),
    `#!/bin/sh\nls "$TMPDIR"\ntouch "$TMPDIR/kubeconfig123"\nstat -c %a "$TMPDIR"\n`,
  );
  await run("pulumi", []);
  expect(await stat(forgotten)).toBeDefined();
  expect((await run("pulumi", [])).lines).toEqual(["700"]);
  await writeFile(join(elsewhere, "kubeconfig123"), "of another program");
  expect((await run("pulumi", [], { env: { TMPDIR: elsewhere } })).lines[0]).toBe("kubeconfig123");
});

test("pulumi gets all arguments as they are, and everything set for the stack dev", async () => {
  const { lines } = await run("pulumi", ["config", "set", "a b", "$c", ""]);
  expect(lines.slice(0, 5)).toEqual(["arg config", "arg set", "arg a b", "arg $c", "arg "]);
  expect(lines.slice(5)).toEqual([
    root,
    "EXOSCALE_API_KEY=EXOlocal",
    "EXOSCALE_API_SECRET=secret",
    `PULUMI_BACKEND_URL=file://${root}/.local/state?metadata=skip`,
    "PULUMI_CONFIG_PASSPHRASE=local-zone",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
    `PULUMI_HOME=${root}/.local/pulumi`,
    "PULUMI_SKIP_UPDATE_CHECK=true",
    "PULUMI_STACK=dev",
  ]);
});

test.each([[["up"]], [["-v=3", "destroy", "--yes"]], [["preview"]], [["stack", "output"]], [["state", "edit"]]])(
  "pulumi %j with a state that is cut says what to type, not what the CLI's parser thinks of it",
  async (args) => {
    const state = join(root, ".local/state/.pulumi/stacks/kubernetes/dev.json");
    await mkdir(dirname(state));
    await writeFile(state, '{"version":3,"checkpoint":{"stack":');
    const { code, lines, stderr } = await run("pulumi", args);
    expect({ code, lines }).toEqual({ code: 1, lines: [] });
    expect(stderr.trim()).toBe(
      `The state of stack dev cannot be read: ${state} ends in the middle. Type: bin/pulumi recover dev`,
    );
    expect((await run("pulumi", ["config", "get", "zone"])).code).toBe(0);
  },
);

test.each([
  [["stack", "rm", "dev", "--yes"], true],
  [["stack", "delete"], true],
  [["stack", "rm", "prod"], false],
  [["stack", "remove", "prod"], false],
])("pulumi %j keeps the settings of the stack dev, which are the repository's: %s", async (args, keeps) => {
  await writeFile(join(root, "Pulumi.prod.yaml"), "config: {p:zone: ch-gva-2}\n");
  const { lines } = await run("pulumi", args);
  expect(lines.includes("arg --preserve-config")).toBe(keeps);
});

test("pulumi stays where it is inside the checkout", async () => {
  await mkdir(join(root, "components"));
  expect((await run("pulumi", ["up"], { cwd: join(root, "components") })).lines).toContain(join(root, "components"));
});

test("what is set in the environment stays", async () => {
  const env = {
    PULUMI_BACKEND_URL: "s3://states",
    EXOSCALE_API_KEY: "EXOmine",
    EXOSCALE_API_SECRET: "mine",
    PULUMI_STACK: "dev",
    PULUMI_CONFIG_PASSPHRASE: "",
  };
  const { lines } = await run("pulumi", ["up"], { env });
  for (const [name, value] of Object.entries(env)) expect(lines).toContain(`${name}=${value}`);
});

test("a passphrase file counts as a passphrase", async () => {
  const { lines } = await run("pulumi", ["up"], { env: { PULUMI_CONFIG_PASSPHRASE_FILE: "/secret" } });
  expect(lines).not.toContain("PULUMI_CONFIG_PASSPHRASE=local-zone");
});

test.each([
  [["up", "--stack", "prod"], {}],
  [["up", "--stack=prod"], {}],
  [["up", "-s", "organization/p/prod"], {}],
  [["stack", "init", "prod"], {}],
  [["stack", "init", "prod", "--copy-config-from", "dev"], {}],
  [["stack", "init", "--secrets-provider", "passphrase", "prod"], {}],
  [["stack", "select", "--create", "prod"], {}],
  [["stack", "rm", "-y", "prod"], {}],
  [["up"], { PULUMI_STACK: "prod" }],
])("another stack gets neither passphrase nor credentials of the local zone: %j %j", async (args, env) => {
  await writeFile(join(root, "Pulumi.prod.yaml"), "config: {p:zone: ch-gva-2}\n");
  const { lines } = await run("pulumi", args, { env });
  expect(lines.join()).not.toMatch(/PASSPHRASE|EXOSCALE|PULUMI_STACK=dev$/);
});

test.each([
  "https://api-{zone}.exoscale.com/v2",
  "https://127.0.0.1.example/v2",
  "http://127.0.0.1.example/v2",
  "http://127.0.0.1@example/v2",
])("the stack dev gets neither where it is no longer one of the local zone: %s", async (endpoint) => {
  const settings = await readFile(join(checkout, "Pulumi.dev.yaml"), "utf8");
  await writeFile(join(root, "Pulumi.dev.yaml"), settings.replace("http://127.0.0.1:8180/v2", endpoint));
  expect((await run("pulumi", ["up"])).lines.join()).not.toMatch(/PASSPHRASE|EXOSCALE/);
});

test.each(["s3://states", "file:///srv/states", "https://api.pulumi.com"])(
  "a state of the local zone that is elsewhere is not encrypted with a passphrase that everybody knows: %s",
  async (backend) => {
    const { lines } = await run("pulumi", ["up"], { env: { PULUMI_BACKEND_URL: backend } });
    expect(lines).toContain("EXOSCALE_API_KEY=EXOlocal");
    expect(lines.join()).not.toContain("PASSPHRASE");
  },
);

test("another stack in the local zone gets both", async () => {
  await writeFile(join(root, "Pulumi.two.yaml"), "config: {p:apiEndpoint: 'http://127.0.0.1:8180/v2'}\n");
  const { lines } = await run("pulumi", ["up", "-s", "two"]);
  expect(lines).toContain("PULUMI_CONFIG_PASSPHRASE=local-zone");
  expect(lines).toContain("EXOSCALE_API_KEY=EXOlocal");
});

test("the stack that was selected counts, for its backend", async () => {
  await writeFile(join(root, "Pulumi.prod.yaml"), "config: {p:zone: ch-gva-2}\n");
  const backend = `file://${root}/.local/state?metadata=skip`;
  const project = createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex");
  await mkdir(join(root, ".local/pulumi/workspaces"), { recursive: true });
  await writeFile(
    join(root, `.local/pulumi/workspaces/kubernetes-${project}-workspace.json`),
    JSON.stringify({ stacks: { "s3://states": "org/p/dev", [backend]: "organization/kubernetes/prod" } }),
  );
  expect((await run("pulumi", ["up"])).lines.join()).not.toMatch(/PASSPHRASE|EXOSCALE|PULUMI_STACK/);
  expect((await run("pulumi", ["up", "-s", "dev"])).lines).toContain("PULUMI_CONFIG_PASSPHRASE=local-zone");
  const { lines } = await run("pulumi", ["up"], { env: { PULUMI_BACKEND_URL: "s3://states" } });
  expect(lines).toContain("EXOSCALE_API_KEY=EXOlocal");
});

test("the user's own CLI comes first, with its own home and its plugins fetched", async () => {
  await program(join(elsewhere, "pulumi"), fake.replace("printf", "echo own; printf"));
  const { lines } = await run("pulumi", ["up"], { env: { PATH: `${elsewhere}:/usr/bin:/bin` } });
  expect(lines[0]).toBe("own");
  expect(lines.join()).not.toMatch(/PULUMI_HOME|ACQUISITION/);
});

test("before npm run up each says what to type", async () => {
  await rm(join(root, ".local"), { recursive: true });
  for (const [command, ...args] of [
    ["pulumi", "up"],
    ["kubectl", "get", "nodes"],
    ["ssh", "master-1"],
  ]) {
    const { code, stderr } = await run(command!, args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^This checkout has no .* yet\. Type: npm run up/);
  }
});

/** A CLI whose stack has outputs; it counts how often it is asked for them. */
async function stackWithOutputs(): Promise<() => Promise<number>> {
  const outputs = {
    kubeconfig: "apiVersion: v1\n",
    sshPrivateKey: "key\n",
    nodes: { "dev-master-1": { address: "198.18.1.1", role: "master", hostKey: "ecdsa-sha2-nistp256 AAAA\n" } },
  };
  await writeFile(join(root, "outputs.json"), JSON.stringify(outputs));
  await program(join(root, ".local/bin/pulumi"), `#!/bin/sh\necho asked >>${root}/asked\ncat ${root}/outputs.json\n`);
  await writeFile(join(root, ".local/state/.pulumi/stacks/p/dev.json"), "{}");
  return async () => (await readFile(join(root, "asked"), "utf8")).trimEnd().split("\n").length;
}

test("without what npm run up obtains, the user's own CLI and kubectl are used", async () => {
  await stackWithOutputs();
  await program(join(elsewhere, "pulumi"), `#!/bin/sh\ncat ${root}/outputs.json\n`);
  await program(join(elsewhere, "kubectl"));
  await rm(join(root, ".local"), { recursive: true });
  const { lines } = await run("kubectl", ["get", "nodes"], { env: { PATH: `${elsewhere}:/usr/bin:/bin` } });
  expect(lines.slice(0, 2)).toEqual(["arg get", "arg nodes"]);
  expect(lines).toContain(`KUBECONFIG=${join(root, ".local/access/kubeconfig")}`);
});

test("where stat is another one, kubectl asks for the kubeconfig each time", async () => {
  const asked = await stackWithOutputs();
  await program(join(elsewhere, "uname"), "#!/bin/sh\necho Darwin\n");
  const env = { PATH: `${elsewhere}:/usr/bin:/bin` };
  for (const _ of [1, 2]) expect((await run("kubectl", ["get", "nodes"], { env })).code).toBe(0);
  expect(await asked()).toBe(2);
});

test("kubectl uses the stack's kubeconfig and asks for it again only when the state changed", async () => {
  const asked = await stackWithOutputs();
  const kubeconfig = join(root, ".local/access/kubeconfig");
  expect((await run("kubectl", ["get", "nodes", "-o", "wide"])).lines).toEqual([
    "arg get",
    "arg nodes",
    "arg -o",
    "arg wide",
    elsewhere,
    `KUBECONFIG=${kubeconfig}`,
  ]);
  expect(await readFile(kubeconfig, "utf8")).toBe("apiVersion: v1\n");
  expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, ".local/access"))).mode & 0o777).toBe(0o700);
  await run("kubectl", ["get", "pods"]);
  expect(await asked()).toBe(1);
  await writeFile(join(root, ".local/state/.pulumi/stacks/p/dev.json"), "{ }");
  await run("kubectl", ["get", "pods"]);
  expect(await asked()).toBe(2);
});

test("ssh finds a node by the end of its name, with its key pinned, and names the nodes otherwise", async () => {
  await stackWithOutputs();
  const { lines } = await run("ssh", ["-G", "master-1"]);
  expect(lines).toEqual(
    expect.arrayContaining([
      "user core",
      "hostname 198.18.1.1",
      "hostkeyalias dev-master-1",
      "stricthostkeychecking true",
    ]),
  );
  expect(await readFile(join(root, ".local/access/known_hosts"), "utf8")).toBe(
    "dev-master-1 ecdsa-sha2-nistp256 AAAA\n",
  );
  expect((await run("ssh", ["master-7", "true"])).stderr).toContain("There is no node master-7. Nodes: dev-master-1");
});

test("several at once, right after the state changed", async () => {
  await stackWithOutputs();
  const all = await Promise.all(Array.from({ length: 6 }, () => run("kubectl", ["get", "nodes"])));
  expect(all.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(Array(6).fill("0 "));
});

test("a kubeconfig that cannot be written is said in one sentence, without it", async () => {
  await stackWithOutputs();
  await mkdir(join(root, ".local/access/kubeconfig"), { recursive: true });
  const { code, stderr } = await run("kubectl", ["get", "nodes"]);
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^\S+\/kubeconfig cannot be written, and is as it was: [^\n]*$/);
});

test("a stack without cluster says what to type", async () => {
  await program(join(root, ".local/bin/pulumi"), "#!/bin/sh\necho '{}'\n");
  const { code, stderr } = await run("kubectl", ["get", "nodes"]);
  expect(code).toBe(1);
  expect(stderr).toContain("The selected stack has no cluster yet. Type: bin/pulumi up");
});
