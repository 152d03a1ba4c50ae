import { createHash } from "node:crypto";
import { RunError } from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { nodeSettings, type Settings } from "../config/index.ts";
import {
  forEach,
  leavesWithOwnKey,
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
const DER = { leaf: 450, apiserver: 552, ca: 380, key: 121, publicKey: 91 };
/** Of a key, the part that nobody else knows, and the point that its certificates contain as well (RFC 5915). */
const KEY = { scalar: 32, point: 64 };

/**
 * Of these, bytes that are in no other certificate of the node: serial number and signature, of an authority its own key,
 * too, and what gzip takes to point at all that is the same.
 */
const UNIQUE = { leaf: 125, ca: 215 };

/**
 * Refuses settings whose user-data would be too large for Exoscale, before the first API call.
 * @throws RunError naming the node and the size of each file
 */
export function checkUserData(settings: Settings): void {
  try {
    for (const { name, cloudConfig } of largestCloudConfigs(settings)) assertFits(name, cloudConfig);
  } catch (error) {
    throw new RunError((error as Error).message);
  }
}

/**
 * The cloud-configs of the master and of the worker that take the most room, with stand-ins for keys and certificates: of the
 * same size, and as much of them compresses.
 */
export function largestCloudConfigs(settings: Settings): { name: string; cloudConfig: string }[] {
  const { clusterName, masters, desiredWorkers, removedWorkers, masterRebootWindow, workerRebootWindow } = settings;
  const ofAll = Array.from({ length: masters }, (_, i) => ({
    name: `${clusterName}-master-${i + 1}`,
    address: standInAddress(i),
  }));
  const node = (name: string, rebootWindow: RebootWindow): MasterArgs => ({
    ...standIns(name),
    ...nodeSettings(settings, rebootWindow),
    masters: ofAll,
  });
  const master = node(`${clusterName}-master-${masters}`, masterRebootWindow);
  const worker = node(`${clusterName}-worker-${desiredWorkers + removedWorkers.length}`, workerRebootWindow);
  return [
    { name: master.name, cloudConfig: renderMaster(master) },
    { name: worker.name, cloudConfig: renderWorker(worker) },
  ];
}

/**
 * Refuses an address of the cluster's own within the networks of pods and Services: nobody would reach it there.
 * @param whose for the message
 * @throws RunError
 */
export function checkAddress(
  settings: Pick<Settings, "podCIDR" | "serviceCIDR">,
  whose: string,
  address: string,
): void {
  for (const name of ["podCIDR", "serviceCIDR"] as const) {
    if (!ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(settings[name]))) continue;
    throw new RunError(
      `${whose} got the address ${address}, which is in ${name} ${settings[name]}: nothing in the cluster would reach it. ` +
        `Destroy the cluster and create it with another ${name}.`,
    );
  }
}

const standInAddress = (i: number): string => `198.51.100.${100 + i}`;

/** Stand-ins for everything in a cloud-config that comes from no setting. */
function standIns(name: string): Omit<MasterArgs, keyof NodeSettings | "masters"> {
  const pem = (label: string, der: Buffer): string => {
    const lines = der.toString("base64").match(/.{1,64}/g)!;
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
  };
  const certificate = (what: string, bytes: number, unique: number): string => {
    // The serial number is near the beginning, the signature at the end.
    const parts = [
      noise(`${name} ${what}, serial`, 16),
      noise("shared", bytes - unique),
      noise(`${name} ${what}`, unique - 16),
    ];
    return pem("CERTIFICATE", Buffer.concat(parts));
  };
  // A kubelet's leaf and an etcd member's contain the node's name twice.
  const leaf = (what: MasterLeaf): string =>
    certificate(
      what,
      (what === "apiserver" ? DER.apiserver : DER.leaf) + 2 * name.length,
      // The node's public key is in all others; a worker's, whose user-data is small, in these as well.
      UNIQUE.leaf + (leavesWithOwnKey.some((leaf) => leaf === what) ? KEY.point : 0),
    );
  const ca = (what: string): string => certificate(what, DER.ca, UNIQUE.ca);
  /** @param point a seed whose noise a certificate has, too */
  const key = (what: string, point = `${what}, public`): string => {
    const common = noise("key", DER.key - KEY.scalar - KEY.point);
    return pem("EC PRIVATE KEY", Buffer.concat([common, noise(what, KEY.scalar), noise(point, KEY.point)]));
  };
  return {
    name,
    address: standInAddress(0),
    // While keys are replaced there are two of each, and three that encrypt Secrets. An Ed25519 key is shorter than an ECDSA
    // key, which a stack of a release before has.
    stackPublicKeys: ["ssh", "other ssh"].map((what) => `ecdsa-sha2-nistp256 ${noise(what, 104).toString("base64")}`),
    sshHostKey: key("ssh host key"),
    key: key("node", "shared"),
    infraEtcdKey: key("infra-etcd", `${name} infra-etcd`),
    podSecurity: "privileged",
    schedulerKey: key("scheduler", `${name} scheduler`),
    certificates: {
      // While authorities are replaced there are two of each.
      ...forEach([...nodeAuthorities, ...masterAuthorities], (what) => ca(what) + ca(`${what}, the other one`)),
      ...forEach([...nodeLeaves, ...masterLeaves], leaf),
    },
    // The same as the first of those that are trusted, so gzip stores it once.
    kubernetesSigningCA: ca("kubernetes-ca"),
    kubernetesCAKey: key("kubernetes", `${name} kubernetes-ca`),
    infraEtcdPasswords: ["next", "former"].map((what) => noise(`infra-etcd ${what}`, 48).toString("base64")),
    serviceAccountKey: key("service-account"),
    otherServiceAccountKeys: [pem("PUBLIC KEY", noise("other service-account", DER.publicKey))],
    encryptionKeys: ["random-1000", "random-1001", "random"].map((what) => ({
      name: what,
      secret: noise(`encryption ${what}`, 32).toString("base64"),
    })),
  };
}

/** Bytes that gzip cannot compress, the same in every run. */
function noise(seed: string, bytes: number): Buffer {
  return createHash("shake256", { outputLength: bytes }).update(seed).digest();
}
