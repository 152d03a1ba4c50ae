import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { expired } from "./expired.ts";

test("an expired leaf is signed by the same authority and differs only in its validity", () => {
  const directory = mkdtempSync(join(tmpdir(), "expired-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const openssl = (line: string) => execaSync("openssl", line.split(" "), { cwd: directory }).stdout;
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  openssl(`req -x509 ${key} -keyout ca.key -subj /CN=kubernetes-ca -days 10 -out ca.crt`);
  openssl(
    `req ${key} -keyout leaf.key -subj /O=system:nodes/CN=system:node:test -addext subjectAltName=DNS:test,IP:192.0.2.1 -out leaf.csr`,
  );
  openssl("x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -copy_extensions copy -days 5 -out leaf.crt");
  const [leaf, ca] = ["leaf.crt", "ca.key"].map((name) => readFileSync(join(directory, name), "utf8"));
  writeFileSync(join(directory, "past.crt"), expired(leaf!, ca!));

  expect(() => openssl("verify -CAfile ca.crt past.crt")).toThrow(/certificate has expired/);
  expect(openssl("verify -no_check_time -CAfile ca.crt past.crt")).toBe("past.crt: OK");
  const [before, after] = ["leaf.crt", "past.crt"].map(
    (name) => new X509Certificate(readFileSync(join(directory, name))),
  );
  expect([after!.subject, after!.subjectAltName, after!.serialNumber]).toEqual([
    before!.subject,
    before!.subjectAltName,
    before!.serialNumber,
  ]);
  expect(after!.publicKey.equals(before!.publicKey)).toBe(true);
});
