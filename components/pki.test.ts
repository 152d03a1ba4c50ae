import { createHash, hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { byName, certificatesIn, keyInPEM, run, settled } from "./testing/engine.ts";
import { Pki } from "./pki.ts";

const args = { serviceCIDR: "10.96.0.0/16", leafValidity: 48, renewBefore: 12, caValidity: 96, caReplacement: 0 };
const make = (keyReplacement = 0) => {
  const pki = new Pki("dev", { ...args, keyReplacement });
  const master = pki.master({ name: "dev-master-1", address: "198.51.100.11", apiAddress: "198.51.100.99" });
  const worker = pki.worker({ name: "dev-worker-1", address: "198.51.100.21" });
  return { pki, master, worker };
};

/** Every leaf: who signs, what for, and whom it names. */
async function leaves() {
  const { resources } = await run(() => make());
  const requests = byName(resources, "CertRequest");
  return Object.fromEntries(
    Object.entries(byName(resources, "LocallySignedCert")).map(([name, cert]) => {
      // A worker's leaves are of one request.
      const { subject, dnsNames, ipAddresses, privateKeyPem } =
        requests[name] ?? requests[name.replace(/-(kubelet|infra-etcd)$/, "")];
      return [
        name,
        {
          ca: /^certificate dev-(\S+)/.exec(certificatesIn(cert.caCertPem)[0]!)![1],
          key: /of (\S+)$/m.exec(privateKeyPem)![1],
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
  const { resources } = await run(() => make());
  for (const cert of Object.values(byName(resources, "LocallySignedCert"))) {
    expect(cert).toMatchObject({ validityPeriodHours: 48, earlyRenewalHours: 12 });
  }
});

test("authorities sign and nothing else, and are not renewed by themselves", async () => {
  const { resources } = await run(() => make());
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

test("every key is P-256 but SSH's, and a worker costs one key, two requests and two leaves", async () => {
  const { resources } = await run(() => new Pki("dev", args));
  const { resources: withWorker } = await run(() =>
    new Pki("dev", args).worker({ name: "dev-worker-1", address: "198.51.100.21" }),
  );
  const { "dev-ssh": ssh, ...keys } = byName(resources, "PrivateKey");
  expect(ssh).toEqual({ algorithm: "ED25519" });
  for (const key of Object.values(keys)) expect(key).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P256" });
  expect(withWorker.length - resources.length).toBe(1 + 2 + 2);
});

test("no private key is visible in any input", async () => {
  const { resources } = await run(() => make());
  for (const { visible } of resources) expect(visible).not.toContain("SECRET");
});

test("the keys that encrypt Secrets are 32 bytes, secret, and keep their names", async () => {
  const { pki } = (await run(() => make())).result;
  const base64 = (bytes: ArrayBuffer | Buffer) => Buffer.from(bytes as Buffer).toString("base64");
  const fromTLSKey = hkdfSync("sha256", keyInPEM("dev-encryption"), "", "Secrets in kubernetes-etcd", 32);
  const fromPassword = createHash("sha256").update("SECRET password of dev-encryption-key").digest();
  const keys = [
    { name: "random", secret: base64(fromPassword) },
    { name: "key1", secret: base64(fromTLSKey) },
  ];
  const of = (first: "random" | "derived") => settled(pki.encryptionKeys(pulumi.output(first)));
  expect(await of("random")).toEqual({ value: keys, isSecret: true });
  expect(await of("derived")).toEqual({ value: keys.toReversed(), isSecret: true });
  for (const key of [fromTLSKey, fromPassword]) expect(key).toHaveProperty("byteLength", 32);
});

test("the random key comes from a password of more than 256 bits, not from bytes whose id tells them", async () => {
  const { resources } = await run(() => make());
  expect(byName(resources, "RandomPassword")).toEqual({
    "dev-encryption-key": { length: 64, special: false },
    "dev-infra-etcd": { length: 64, special: false },
  });
  expect(Math.log2(26 + 26 + 10) * 64).toBeGreaterThan(256);
  expect(resources.filter(({ type }) => type.startsWith("random:"))).toHaveLength(2);
});

/** Per purpose, at a step of a replacement: who signs, and who is trusted. */
async function authorities(caReplacement: number) {
  const { result } = await run(() => new Pki("dev", { ...args, caReplacement }));
  const names = (certificates: string) =>
    certificatesIn(certificates).map((text) => /^certificate (\S+) for/.exec(text)![1]!);
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
      expect(by).toContain(`\nSECRET pem of ${signs}\n`);
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

/** What is in use at a step of a replacement of keys, by name; what signs, opens, is shown or writes first. */
async function keysAt(keyReplacement: number, first: "random" | "derived" = "random") {
  const { result } = await run(() => {
    const { pki, master, worker } = { ...make(keyReplacement) };
    return { pki, master, worker, hostKey: pki.hostKey("dev-worker-1") };
  });
  const { pki, master, worker, hostKey } = result;
  const all = async (outputs: readonly pulumi.Output<string>[]) => (await settled(pulumi.all([...outputs]))).value;
  const named = (texts: unknown) => (texts as string[]).map((text) => /^(?!-).* (\S+)$/m.exec(text)![1]!);
  const secrets = pulumi.output(first);
  expect((await settled(pki.nameOfSecretsKey(secrets))).isSecret).toBe(false);
  return {
    ssh: { uses: named(await all([pki.ssh.privateKeyOpenssh]))[0]!, accepts: named(await all(worker.stackPublicKeys)) },
    tokens: {
      uses: named(await all([master.serviceAccountKey]))[0]!,
      accepts: named(await all([master.serviceAccountKey, ...master.otherServiceAccountKeys])),
    },
    masters: {
      uses: named(await all([pki.masterHostKey.line]))[0]!,
      accepts: named((await all([pki.masterHostKey.lines]))[0]!.split("\n")),
    },
    worker: {
      uses: named(await all([hostKey.line]))[0]!,
      accepts: named((await all([hostKey.lines]))[0]!.split("\n")),
    },
    secrets: {
      uses: (await settled(pki.nameOfSecretsKey(secrets))).value,
      accepts: (await settled(pki.encryptionKeys(secrets))).value.map(({ name }) => name),
    },
  };
}

test("while keys are replaced, everybody accepts all that are used, at each step and in the middle of any", async () => {
  const steps = [];
  for (let step = 0; step <= 6; step++) steps.push(await keysAt(step));
  for (const [n, after] of steps.entries()) {
    for (const [purpose, { uses, accepts }] of Object.entries(after)) {
      expect(accepts[0], purpose).toBe(uses);
      if (n === 0) continue;
      const before = steps[n - 1]![purpose as keyof typeof after];
      expect(before.accepts, `${purpose} at ${n}`).toContain(uses);
      expect(accepts, `${purpose} at ${n}`).toContain(before.uses);
    }
    // Nothing of a former generation is left at the end.
    if (n % 3 === 0 && n > 0) for (const { accepts } of Object.values(after)) expect(accepts).toHaveLength(1);
  }
  const suffixes = ["", "", "-2", "-2", "-2", "-3", "-3"];
  expect(steps.map(({ ssh }) => ssh.uses)).toEqual(suffixes.map((suffix) => `dev-ssh${suffix}`));
  expect(steps.map(({ tokens }) => tokens.uses)).toEqual(suffixes.map((suffix) => `dev-service-account${suffix}`));
  expect(steps.map(({ masters }) => masters.uses)).toEqual(suffixes.map((suffix) => `dev-master-host-key${suffix}`));
  expect(steps.map(({ worker }) => worker.uses)).toEqual(suffixes.map((suffix) => `dev-worker-1-host-key${suffix}`));
  expect(steps.map(({ secrets }) => secrets.accepts.join())).toEqual([
    "random,key1",
    "random,key1,random-2",
    "random-2,random,key1",
    "random-2",
    "random-2,random-3",
    "random-3,random-2",
    "random-3",
  ]);
});

test("each generation of the SSH key is Ed25519, and host keys stay of one algorithm, by which clients know them", async () => {
  const { resources } = await run(() => make(4).pki.hostKey("dev-worker-1"));
  const algorithms = Object.entries(byName(resources, "PrivateKey")).map(([name, { algorithm }]) => [name, algorithm]);
  expect(Object.fromEntries(algorithms)).toMatchObject({
    "dev-ssh-2": "ED25519",
    "dev-ssh-3": "ED25519",
    "dev-master-host-key-2": "ECDSA",
    "dev-master-host-key-3": "ECDSA",
    "dev-worker-1-host-key-2": "ECDSA",
    "dev-worker-1-host-key-3": "ECDSA",
  });
});

test("a cluster of a release before leaves its derived key with the first replacement", async () => {
  const names = async (step: number) => (await keysAt(step, "derived")).secrets.accepts.join();
  expect([await names(0), await names(1), await names(2), await names(3)]).toEqual([
    "key1,random",
    "key1,random,random-2",
    "random-2,key1,random",
    "random-2",
  ]);
});

test("every key of the cluster and every authority is known to what refuses their replacement; no node's own is", async () => {
  const { resources } = await run(() => make());
  const { caReplacement, keyReplacement, ...known } = byName(resources, "ClusterKeys").dev;
  expect({ caReplacement, keyReplacement }).toEqual({ caReplacement: 0, keyReplacement: 0 });
  const all = ["PrivateKey", "RandomPassword"].flatMap((kind) => Object.keys(byName(resources, kind)));
  const authorities = Object.keys(byName(resources, "SelfSignedCert"));
  const nodes = ["dev-admin", "dev-master-1", "dev-master-1-infra-etcd", "dev-master-1-scheduler", "dev-worker-1"];
  expect(Object.keys(known).sort()).toEqual(
    [...all.filter((name) => !nodes.includes(name)), ...authorities.map((name) => `${name}-certificate`)].sort(),
  );
  for (const [name, key] of Object.entries<Record<string, unknown>>(known)) {
    expect(key).toEqual({
      setting: /-ca(-certificate)?$/.test(name) ? "caReplacement" : "keyReplacement",
      urn: expect.stringMatching(`::${name.replace("-certificate", "")}$`) as string,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      ...(name.endsWith("-certificate") && { validity: 96 }),
    });
  }
});
