import { files } from "../../versions.ts";
import { forEach, masterCertificates, nodeCertificates } from "../certificates.ts";
import type { MasterArgs, Mirror, NodeArgs, NodeSettings, WorkerArgs } from "../types.ts";

/** A stand-in PEM that says whose it is. */
const pem = (kind: string, of: string): string =>
  `-----BEGIN ${kind}-----\n${Buffer.from(of).toString("base64")}\n-----END ${kind}-----\n`;
const cert = (of: string): string => pem("CERTIFICATE", of);
const key = (of: string): string => pem("EC PRIVATE KEY", of);

const masters = [1, 2, 3].map((n) => ({ name: `test-master-${n}`, address: `192.0.2.${n}` }));

export const mirror: Mirror = {
  files: "https://mirror.example",
  registries: "mirror.example:5000",
  ca: cert("mirror CA"),
  checksums: Object.fromEntries(Object.values(files).map(({ address }, n) => [address, String(n).repeat(64)])),
};

const settings: NodeSettings = {
  podCIDR: "10.244.0.0/16",
  serviceCIDR: "10.96.0.0/16",
  sshPublicKeys: [],
  rebootWindow: { start: "04:00", length: 3600 },
  timeZone: "Europe/Zurich",
  drainTimeout: 300,
  mirror: {},
};

const node = (name: string, address: string): NodeArgs => ({
  ...settings,
  name,
  address,
  masters,
  stackPublicKeys: ["ecdsa-sha2-nistp256 AAAA test"],
  sshHostKey: key(`host key of ${name}`),
  key: key(name),
  infraEtcdKey: key(`infra-etcd of ${name}`),
  certificates: forEach(nodeCertificates, (certificate) => cert(`${certificate} of ${name}`)),
});

export const worker: WorkerArgs = node("test-worker-1", "192.0.2.11");

const first = node("test-master-1", "192.0.2.1");

export const master: MasterArgs = {
  ...first,
  certificates: { ...first.certificates, ...forEach(masterCertificates, cert) },
  kubernetesSigningCA: cert("kubernetes CA"),
  schedulerKey: key("scheduler"),
  podSecurity: "baseline",
  kubernetesCAKey: key("kubernetes CA"),
  infraEtcdPasswords: ["password", "former-password"],
  serviceAccountKey: key("service accounts"),
  otherServiceAccountKeys: [pem("PUBLIC KEY", "former service accounts")],
  encryptionKeys: [
    { name: "first", secret: "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlIQ==" },
    { name: "second", secret: "c2l4dGVlbiBtb3JlLCBhbmQgc2l4dGVlbiBieXRlcyE=" },
  ],
};
