/** A worker's way to the API: the haproxy of the mirror's image, with a worker's own configuration, before other servers. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { masterLeaves } from "../../components/certificates.ts";
import { renderWorker } from "../../ignition/index.ts";
import { worker } from "../../ignition/testing/fixtures.ts";
import { ports } from "../../ports.ts";
import { withRegistry } from "../../toolchain/mirror/registry.ts";
import { local } from "../../toolchain/paths.ts";
import { images } from "../../versions.ts";
import { artifact, openMachine, until, type Machine } from "./machine.ts";

interface Pod {
  spec: {
    securityContext: { runAsUser: number; runAsGroup: number };
    containers: [{ command: string[]; volumeMounts: [{ mountPath: string }] }];
    volumes: [{ hostPath: { path: string } }];
  };
}

/** Servers by name: whose certificate they have, and their address in the machine's own network. */
const servers = {
  "an-apiserver": { leaf: "apiserver", address: "127.0.0.2" },
  "a-kubelet": { leaf: "kubelet", address: "127.0.0.3" },
  "a-controller-manager": { leaf: "controller-manager", address: "127.0.0.4" },
} as const;
const leaves = masterLeaves({ name: "test-master-1", address: "192.0.2.1", apiAddress: "192.0.2.9" }, "10.96.0.0/16");

const directory = mkdtempSync(join(tmpdir(), "haproxy-"));
const image = join(directory, "image");
let node: Machine;
/** A command in the image, with the rights and the files that the pod has. */
let inPod: string[];
let command: string[];

beforeAll(async () => {
  mkdirSync(image);
  await withRegistry(join(local, "mirror/registry"), directory, async (registry) => {
    const archive = join(directory, "image.tar");
    execFileSync(join(artifact("crane"), "crane"), ["--insecure", "export", `${registry}/${images.haproxy}`, archive]);
    execFileSync("tar", ["--extract", "--file", archive, "--directory", image]);
  });
  node = await openMachine();

  const masters = Object.entries(servers).map(([name, { address }]) => ({ name, address }));
  const { write_files } = parse(renderWorker({ ...worker, masters })) as {
    write_files: { path: string; content: string; permissions: string }[];
  };
  const file = (path: string) => write_files.find((one) => one.path === path)!;
  const { spec } = parse(file("/run/kubernetes/manifests/haproxy.yaml").content) as Pod;
  const configuration = `${spec.volumes[0].hostPath.path}/haproxy.cfg`;
  node.place(configuration, file(configuration).content, parseInt(file(configuration).permissions, 8));
  node.place(`${spec.volumes[0].hostPath.path}/ca.crt`, node.args.certificates["kubernetes-ca"]);

  const { mountPath } = spec.containers[0].volumeMounts[0];
  await node.must(`mkdir -p ${image}${mountPath} ${image}/dev && mount --bind ${image} ${image}
    mount --rbind /dev ${image}/dev && mount --bind ${spec.volumes[0].hostPath.path} ${image}${mountPath}
    mount --options remount,bind,ro ${image}`);
  const { runAsUser, runAsGroup } = spec.securityContext;
  inPod = ["setpriv", "--no-new-privs", "chroot", `--userspec=${runAsUser}:${runAsGroup}`, "--groups=", image];
  ({ command } = spec.containers[0]);
}, 240_000);
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

test("the image has the version of its tag, and takes the configuration without a warning", async () => {
  const [, tag] = images.haproxy.split(":");
  expect(await node.must([...inPod, "haproxy", "-v"].join(" "))).toContain(`version ${tag}-`);
  expect(await node.run([...inPod, ...command, "-c", "-dW"].join(" "))).toMatchObject({ code: 0, stderr: "" });
});

test("only a server that has an apiserver's certificate is used, though the authority signed others, too", async () => {
  // Ready, and says who it is.
  const program = `
    const [name, address, certificate, key] = process.argv.slice(1), { readFileSync } = require("fs");
    require("https")
      .createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) => response.end(name))
      .listen(${ports.apiserver}, address);`;
  for (const [name, { leaf, address }] of Object.entries(servers)) {
    const { commonName, dnsNames } = leaves[leaf];
    node.place(`/run/${name}.crt`, node.leaf(`/CN=${commonName}`, dnsNames));
    node.start(name, [
      process.execPath,
      "-e",
      program,
      name,
      address,
      `/run/${name}.crt`,
      "/run/kubernetes/pki/node.key",
    ]);
    await until(name, 10, () => node.run(`curl -sfk https://${address}:${ports.apiserver}/readyz`));
  }
  node.start("haproxy", [...inPod, ...command]);
  const log = () => node.log("haproxy");
  for (const name of ["a-kubelet", "a-controller-manager"])
    await expect
      .poll(log, { timeout: 15_000 })
      .toMatch(new RegExp(`masters/${name} is DOWN, .*certificate different from the configured one`));
  expect(log()).not.toContain("masters/an-apiserver is DOWN");
  const ask = "curl --silent --show-error --fail --insecure --max-time 5";
  for (let time = 0; time < 6; time++)
    expect(await node.must(`${ask} https://127.0.0.1:${ports.haproxy}/`)).toBe("an-apiserver");

  await node.must("pkill --full '[a]n-apiserver'");
  await expect.poll(log, { timeout: 15_000 }).toContain("masters/an-apiserver is DOWN");
  expect(await node.run(`${ask} https://127.0.0.1:${ports.haproxy}/`)).not.toMatchObject({ code: 0 });
});
