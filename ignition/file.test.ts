import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { certificates } from "./file.ts";
import { renderMaster, renderWorker } from "./index.ts";
import { master, worker } from "./testing/fixtures.ts";
import { unpack } from "./testing/node.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "certificates-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test("bin/certificates writes each certificate and key as the PEM that it was, bundles in their order", () => {
  const path = directory();
  const openssl = (command: string) => execFileSync("openssl", command.split(" "), { encoding: "utf8", stdio: "pipe" });
  const generate = (name: string) =>
    openssl(`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=${name} -keyout /dev/null`);
  const key = openssl("ecparam -genkey -noout -name prime256v1");
  const [first, second, leaf] = ["first", "second", "leaf"].map(generate) as [string, string, string];
  const all = { ...worker.certificates, "kubernetes-ca": first + second, kubelet: leaf };
  unpack(renderWorker({ ...worker, key, certificates: all }), path);
  // Twice: a second start of its unit changes nothing.
  for (let run = 0; run < 2; run++) execFileSync("bash", [join(path, "bin/certificates")], { stdio: "pipe" });
  const read = (name: string) => readFileSync(join(path, name), "utf8");
  expect(read("pki/kubernetes-ca.crt")).toBe(first + second);
  expect(read("pki/kubelet.crt")).toBe(leaf);
  expect(read("pki/node.key")).toBe(key);
  expect(statSync(join(path, "pki/node.key")).mode & 0o777).toBe(0o600);
  // haproxy does not run as root.
  expect(read("haproxy/ca.crt")).toBe(first + second);
  expect(statSync(join(path, "haproxy/ca.crt")).mode & 0o777).toBe(0o644);
});

test("a line that is cut leaves no certificate of that name", () => {
  const path = directory();
  unpack(renderMaster(master).replace(/( pki\/kubelet.crt [0-9A-F]*)[0-9A-F] CERT/, "$1 CERT"), path);
  mkdirSync(join(path, "pki"), { recursive: true });
  expect(() => execFileSync("bash", [join(path, "bin/certificates")], { stdio: "pipe" })).toThrow(/invalid input/);
  expect(() => readFileSync(join(path, "pki/kubelet.crt"))).toThrow(/ENOENT/);
});

test("what is neither certificate nor key is refused by its name", () => {
  expect(() => certificates({ "pki/kubelet.crt": "-----BEGIN CERTIFICATE-----" })).toThrow(
    "pki/kubelet.crt has no certificate and no key in PEM",
  );
});
