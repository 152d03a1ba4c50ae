import { createHash } from "node:crypto";
import { RunError } from "@pulumi/pulumi";
import type { Settings } from "../config.ts";
import { assertFits, renderMaster, renderWorker, type MasterArgs } from "../ignition/index.ts";

/** Bytes of DER, as the tls provider makes them with P-256 keys, and a few more. */
const DER = { leaf: 450, apiserver: 552, ca: 380, key: 121, openssh: 340, publicKey: 91 };

/**
 * Refuses settings whose nodes' user-data Exoscale would not take, before anything is asked of it. Certificates stand
 * in for those to come: of their size, and as incompressible.
 * @throws RunError naming the node and what takes the room
 */
export function checkUserData(settings: Settings): void {
  try {
    const master = standIn(settings, `${settings.clusterName}-master-${settings.masters}`);
    assertFits(master.name, renderMaster(master));
    const worker = standIn(settings, `${settings.clusterName}-worker-${settings.desiredWorkers}`);
    assertFits(worker.name, renderWorker(worker));
  } catch (error) {
    throw new RunError((error as Error).message);
  }
}

function standIn(settings: Settings, name: string): MasterArgs {
  const address = (i: number): string => `198.51.100.${100 + i}`;
  const pem = (label: string, what: string, bytes: number): string => {
    const lines = noise(`${name} ${what}`, bytes)
      .toString("base64")
      .match(/.{1,64}/g)!;
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
  };
  // A kubelet's leaf and an etcd member's hold the node's name twice.
  const leaf = (what: string, bytes = DER.leaf): string => pem("CERTIFICATE", what, bytes + 2 * name.length);
  const ca = (what: string): string => pem("CERTIFICATE", what, DER.ca);
  // Every cluster replaces its authorities one day: there has to be room for two.
  const trusted = (what: string): string => ca(what) + ca(`${what}, the other one`);
  const key = (what: string): string => pem("EC PRIVATE KEY", what, DER.key);
  return {
    name,
    address: address(0),
    masters: Array.from({ length: settings.masters }, (_, i) => ({
      name: `${settings.clusterName}-master-${i + 1}`,
      address: address(i),
    })),
    podCIDR: settings.podCIDR,
    serviceCIDR: settings.serviceCIDR,
    rebootWindow: settings.masterRebootWindow,
    timeZone: settings.timeZone,
    drainTimeout: settings.drainTimeout,
    mirror: settings.mirror,
    authorizedKeys: [`ecdsa-sha2-nistp256 ${noise("ssh", 104).toString("base64")}`, ...settings.sshPublicKeys],
    sshHostKey: pem("OPENSSH PRIVATE KEY", "ssh host key", DER.openssh),
    key: key("node"),
    kubeletCert: leaf("kubelet"),
    infraEtcdCert: leaf("infra-etcd"),
    kubernetesCA: trusted("kubernetes"),
    infraEtcdCA: trusted("infra-etcd"),
    frontProxyCA: trusted("front-proxy"),
    kubernetesEtcdCA: trusted("kubernetes-etcd"),
    apiserverCert: leaf("apiserver", DER.apiserver),
    apiserverKubeletClientCert: leaf("apiserver-kubelet-client"),
    apiserverEtcdClientCert: leaf("apiserver-etcd-client"),
    frontProxyClientCert: leaf("front-proxy-client"),
    controllerManagerCert: leaf("controller-manager"),
    schedulerCert: leaf("scheduler"),
    kubernetesEtcdCert: leaf("kubernetes-etcd"),
    superAdminCert: leaf("super-admin"),
    kubernetesSigningCA: ca("kubernetes"),
    kubernetesCAKey: key("kubernetes"),
    serviceAccountKey: key("service-account"),
    serviceAccountPublicKey: pem("PUBLIC KEY", "service-account", DER.publicKey),
    encryptionKeys: ["key1", "random"].map((name) => ({
      name,
      secret: noise(`encryption ${name}`, 32).toString("base64"),
    })),
  };
}

/** Bytes that gzip cannot shorten, the same in every run. */
function noise(seed: string, bytes: number): Buffer {
  return createHash("shake256", { outputLength: bytes }).update(seed).digest();
}
