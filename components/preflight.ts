import { createHash } from "node:crypto";
import { RunError } from "@pulumi/pulumi";
import { nodeSettings, type Settings } from "../config.ts";
import {
  forEach,
  masterAuthorities,
  masterLeaves,
  nodeAuthorities,
  nodeLeaves,
  type MasterLeaf,
} from "../ignition/certificates.ts";
import {
  assertFits,
  renderMaster,
  renderWorker,
  type MasterArgs,
  type NodeSettings,
  type RebootWindow,
} from "../ignition/index.ts";

/** Bytes of DER as the tls provider writes it for P-256 keys, rounded up. */
const DER = { leaf: 450, apiserver: 552, ca: 380, key: 121, openssh: 340, publicKey: 91 };

/**
 * Refuses settings whose user-data would be too large for Exoscale, before the first API call. It renders both roles with
 * stand-ins for keys and certificates, of the same size and as incompressible.
 * @throws RunError naming the node and the size of each file
 */
export function checkUserData(settings: Settings): void {
  const { clusterName, masters, desiredWorkers, masterRebootWindow, workerRebootWindow } = settings;
  const ofAll = Array.from({ length: masters }, (_, i) => ({
    name: `${clusterName}-master-${i + 1}`,
    address: standInAddress(i),
  }));
  const node = (name: string, rebootWindow: RebootWindow): MasterArgs => ({
    ...standIns(name),
    ...nodeSettings(settings, rebootWindow),
    masters: ofAll,
  });
  try {
    const master = node(`${clusterName}-master-${masters}`, masterRebootWindow);
    assertFits(master.name, renderMaster(master));
    const worker = node(`${clusterName}-worker-${desiredWorkers}`, workerRebootWindow);
    assertFits(worker.name, renderWorker(worker));
  } catch (error) {
    throw new RunError((error as Error).message);
  }
}

const standInAddress = (i: number): string => `198.51.100.${100 + i}`;

/** Stand-ins for everything in a cloud-config that comes from no setting. */
function standIns(name: string): Omit<MasterArgs, keyof NodeSettings | "masters"> {
  const pem = (label: string, what: string, bytes: number): string => {
    const lines = noise(`${name} ${what}`, bytes)
      .toString("base64")
      .match(/.{1,64}/g)!;
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
  };
  // A kubelet's leaf and an etcd member's contain the node's name twice.
  const leaf = (what: MasterLeaf): string =>
    pem("CERTIFICATE", what, (what === "apiserver" ? DER.apiserver : DER.leaf) + 2 * name.length);
  const ca = (what: string): string => pem("CERTIFICATE", what, DER.ca);
  const key = (what: string): string => pem("EC PRIVATE KEY", what, DER.key);
  return {
    name,
    address: standInAddress(0),
    stackPublicKey: `ecdsa-sha2-nistp256 ${noise("ssh", 104).toString("base64")}`,
    sshHostKey: pem("OPENSSH PRIVATE KEY", "ssh host key", DER.openssh),
    key: key("node"),
    certificates: {
      // While authorities are replaced there are two of each.
      ...forEach([...nodeAuthorities, ...masterAuthorities], (what) => ca(what) + ca(`${what}, the other one`)),
      ...forEach([...nodeLeaves, ...masterLeaves], leaf),
    },
    // The same as the first of those that are trusted, so gzip stores it once.
    kubernetesSigningCA: ca("kubernetes-ca"),
    kubernetesCAKey: key("kubernetes"),
    serviceAccountKey: key("service-account"),
    serviceAccountPublicKey: pem("PUBLIC KEY", "service-account", DER.publicKey),
    encryptionKeys: ["key1", "random"].map((what) => ({
      name: what,
      secret: noise(`encryption ${what}`, 32).toString("base64"),
    })),
  };
}

/** Bytes that gzip cannot compress, the same in every run. */
function noise(seed: string, bytes: number): Buffer {
  return createHash("shake256", { outputLength: bytes }).update(seed).digest();
}
