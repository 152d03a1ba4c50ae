import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { renderWorker } from "./index.ts";
import { worker } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

const directory = mkdtempSync(join(tmpdir(), "cni-"));
afterAll(() => rmSync(directory, { recursive: true }));
unpack(renderWorker(worker), directory);
const script = join(directory, "bin/cni-config");
const lease = join(directory, "subnet.env");
writeFileSync(script, readFileSync(script, "utf8").replace("/run/flannel/subnet.env", lease));
const configuration = join(directory, "cni/10-flannel.conflist");

/** Runs the script with this lease. */
function configure(text: string) {
  rmSync(configuration, { force: true });
  writeFileSync(lease, text);
  return spawnSync("bash", [script], { encoding: "utf8" });
}

test("the network is the lease's", () => {
  const { status } = configure(
    "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.7.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
  );
  expect(status).toBe(0);
  expect(JSON.parse(readFileSync(configuration, "utf8"))).toMatchObject({
    plugins: [{ mtu: 1450, ipam: { ranges: [[{ subnet: "10.244.7.0/24" }]] } }, { type: "portmap" }],
  });
});

test.each([
  ["a command", (file: string) => `FLANNEL_SUBNET=10.244.7.1/24\nFLANNEL_MTU=1450$(touch ${file})\n`],
  ["a command of its own", (file: string) => `touch ${file}\nFLANNEL_SUBNET=10.244.7.1/24\n`],
  ["JSON", () => `FLANNEL_SUBNET=10.244.7.1/24"}]], "x": [[{"y": "\nFLANNEL_MTU=1450\n`],
  ["two subnets", () => "FLANNEL_SUBNET=10.244.7.1/24\nFLANNEL_SUBNET=10.244.8.1/24\nFLANNEL_MTU=1450\n"],
])("%s in the lease is refused, and not run", (_, text) => {
  const file = join(directory, "run");
  const { status, stderr } = configure(text(file));
  expect(status).toBe(1);
  expect(stderr).toContain("has no subnet and MTU of one line each");
  expect(existsSync(file)).toBe(false);
  expect(existsSync(configuration)).toBe(false);
});

test("what else the lease says is never run", () => {
  const file = join(directory, "run");
  const { status } = configure(`$(touch ${file})\ntouch ${file}\nFLANNEL_SUBNET=10.244.7.1/24\nFLANNEL_MTU=1450\n`);
  expect(status).toBe(0);
  expect(existsSync(file)).toBe(false);
});
