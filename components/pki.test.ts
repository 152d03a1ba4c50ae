import { createHash, hkdfSync } from "node:crypto";
import { expect, test } from "vitest";
import { byName, run, settled } from "./testing/engine.ts";
import { Pki } from "./pki.ts";

const args = { serviceCIDR: "10.96.0.0/16", leafValidity: 48, renewBefore: 12, caValidity: 96, caReplacement: 0 };
const make = () => {
  const pki = new Pki("dev", args);
  const master = pki.master({ name: "dev-master-1", address: "198.51.100.11", apiAddress: "198.51.100.99" });
  const worker = pki.worker({ name: "dev-worker-1", address: "198.51.100.21" });
  return { pki, master, worker };
};

/** Every leaf: who signs, what for, and whom it names. */
async function leaves() {
  const { resources } = await run(make);
  const requests = byName(resources, "CertRequest");
  return Object.fromEntries(
    Object.entries(byName(resources, "LocallySignedCert")).map(([name, cert]) => {
      // A worker's leaves are of one request.
      const { subject, dnsNames, ipAddresses, privateKeyPem } =
        requests[name] ?? requests[name.replace(/-(kubelet|infra-etcd)$/, "")];
      return [
        name,
        {
          ca: /^certificate dev-(\S+)/.exec(cert.caCertPem)![1],
          key: /of (\S+)$/.exec(privateKeyPem)![1],
          subject,
          dnsNames,
          ipAddresses,
          uses: cert.allowedUses.join(" "),
        },
      ];
    }),
  );
}

test("leaves name exactly who they are for, with least usages", async () => {
  expect(await leaves()).toMatchSnapshot();
});

test("leaves live and are renewed as asked", async () => {
  const { resources } = await run(make);
  for (const cert of Object.values(byName(resources, "LocallySignedCert"))) {
    expect(cert).toMatchObject({ validityPeriodHours: 48, earlyRenewalHours: 12 });
  }
});

test("authorities sign and nothing else, and are not renewed by themselves", async () => {
  const { resources } = await run(make);
  const authorities = byName(resources, "SelfSignedCert");
  expect(Object.keys(authorities)).toEqual([
    "dev-kubernetes-ca",
    "dev-infra-etcd-ca",
    "dev-front-proxy-ca",
    "dev-kubernetes-etcd-ca",
  ]);
  for (const cert of Object.values(authorities)) {
    expect(cert).toMatchObject({
      isCaCertificate: true,
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: 96,
    });
    expect(cert.earlyRenewalHours).toBeUndefined();
  }
});

test("every key is P-256, and a worker costs one key, one request and two leaves", async () => {
  const { resources } = await run(() => new Pki("dev", args));
  const { resources: withWorker } = await run(() =>
    new Pki("dev", args).worker({ name: "dev-worker-1", address: "198.51.100.21" }),
  );
  for (const key of Object.values(byName(resources, "PrivateKey")))
    expect(key).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P256" });
  expect(withWorker.length - resources.length).toBe(1 + 1 + 2);
});

test("no private key is visible in any input", async () => {
  const { resources } = await run(make);
  for (const { visible } of resources) expect(visible).not.toContain("SECRET");
});

test("the keys that encrypt Secrets are 32 bytes, secret, and keep their names", async () => {
  const { derived, random } = (await run(make)).result.pki.encryptionKeys;
  const base64 = (bytes: ArrayBuffer | Buffer) => Buffer.from(bytes as Buffer).toString("base64");
  const fromTLSKey = hkdfSync("sha256", "SECRET pem of dev-encryption", "", "Secrets in kubernetes-etcd", 32);
  const fromPassword = createHash("sha256").update("SECRET password of dev-encryption-key").digest();
  expect(await settled(derived)).toEqual({ value: { name: "key1", secret: base64(fromTLSKey) }, isSecret: true });
  expect(await settled(random)).toEqual({ value: { name: "random", secret: base64(fromPassword) }, isSecret: true });
  for (const key of [fromTLSKey, fromPassword]) expect(key).toHaveProperty("byteLength", 32);
});

test("the random key comes from a password of more than 256 bits, not from bytes whose id tells them", async () => {
  const { resources } = await run(make);
  expect(byName(resources, "RandomPassword")).toEqual({ "dev-encryption-key": { length: 64, special: false } });
  expect(Math.log2(26 + 26 + 10) * 64).toBeGreaterThan(256);
  expect(resources.filter(({ type }) => type.startsWith("random:"))).toHaveLength(1);
});

/** Per purpose, at a step of a replacement: who signs, and who is trusted. */
async function authorities(caReplacement: number) {
  const { result } = await run(() => new Pki("dev", { ...args, caReplacement }));
  const names = (certificates: string) => [...certificates.matchAll(/certificate (\S+) for/g)].map(([, name]) => name!);
  return Promise.all(
    Object.values(result.authorities).map(async ({ cert, key, trusted }) => ({
      signs: names((await settled(cert)).value)[0]!,
      by: (await settled(key.privateKeyPem)).value,
      trusted: names((await settled(trusted)).value),
    })),
  );
}

test("while authorities are replaced, everybody trusts all who sign, at each step and in the middle of any", async () => {
  const steps: Awaited<ReturnType<typeof authorities>>[] = [];
  for (let step = 0; step <= 6; step++) steps.push(await authorities(step));
  for (const [n, after] of steps.entries()) {
    for (const [purpose, { signs, by, trusted }] of after.entries()) {
      expect(by).toBe(`SECRET pem of ${signs}`);
      expect(trusted[0]).toBe(signs);
      expect(trusted).toHaveLength(n % 3 === 0 ? 1 : 2);
      if (n === 0) continue;
      const before = steps[n - 1]![purpose]!;
      expect(before.trusted).toContain(signs);
      expect(trusted).toContain(before.signs);
    }
  }
  expect(steps.map(([kubernetes]) => kubernetes!.signs)).toEqual(
    [1, 1, 2, 2, 2, 3, 3].map((n) => `dev-kubernetes-ca${n === 1 ? "" : `-${n}`}`),
  );
});
