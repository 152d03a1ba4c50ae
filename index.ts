/** The program: a stack's configuration in, a Kubernetes cluster on Exoscale out. */
import * as pulumi from "@pulumi/pulumi";
import {
  Addons,
  ApiEndpoint,
  ClusterShape,
  kubeconfig as toKubeconfig,
  MasterPool,
  Pki,
  publicLine,
  SecurityGroups,
  SshKey,
  Template,
  WorkerPool,
} from "./components/index.ts";
import { checkAddress, checkUserData } from "./components/preflight.ts";
import { loadSettings, nodeSettings } from "./config/index.ts";

// Pulumi records a stack trace for every resource and promise, as an error without a message. They would be a sixth of the
// state, with paths of the machine that ran it, and a fifth of a preview's memory. Real errors keep theirs.
Error.prepareStackTrace = (error: Error, stack) =>
  error.message === "" ? String(error) : [String(error), ...stack.map(String)].join("\n    at ");

const settings = loadSettings(configuration(), pulumi.getStack(), import.meta.dirname);
checkUserData(settings);
if (settings.sshSources.includes("0.0.0.0/0")) {
  void pulumi.log.warn(
    "sshSources has 0.0.0.0/0: everybody may try the SSH of the nodes. Name the networks that you use.",
  );
}
const { clusterName: name, waitFor } = settings;

// The cluster's name is not part of this one's: so it also sees a stack that was renamed.
const shape = new ClusterShape(
  "cluster",
  {
    name,
    zone: settings.zone,
    podCIDR: settings.podCIDR,
    serviceCIDR: settings.serviceCIDR,
    masters: settings.masters,
    machines: { endpoint: settings.apiEndpoint, types: [...new Set([settings.masterType, settings.workerType])] },
  },
  { aliases: [{ name }] },
);
const api = { endpoint: settings.apiEndpoint, zone: shape.zone };

const pki = new Pki(name, settings);
const { sshSources, apiSources, nodePortSources } = settings;
const groups = new SecurityGroups(name, { api, sshSources, apiSources, nodePortSources });
const apiEndpoint = new ApiEndpoint(name, { api });
apiEndpoint.address.apply((address) => checkAddress(settings, "The elastic IP", address));

const template = new Template(name, { api, name, ...settings.template, defaultUser: "core" });
const sshKey = new SshKey(name, { api, name, publicKey: publicLine(pki.ssh) }, { dependsOn: pki.inUse });

const cluster = {
  clusterName: name,
  api,
  pki,
  endpoint: apiEndpoint,
  template: template.id,
  image: template.image,
  sshKey: { name, resource: sshKey },
  waitFor,
};

const masters = new MasterPool(name, {
  ...cluster,
  count: settings.masters,
  type: settings.masterType,
  diskSize: settings.masterDisk,
  securityGroup: groups.masters,
  podSecurity: settings.podSecurity,
  settings: nodeSettings(settings, settings.masterRebootWindow),
});

const workers = new WorkerPool(name, {
  ...cluster,
  masters,
  count: settings.desiredWorkers,
  removed: settings.removedWorkers,
  type: settings.workerType,
  diskSize: settings.workerDisk,
  securityGroup: groups.workers,
  maxUnavailable: settings.maxUnavailable,
  settings: nodeSettings(settings, settings.workerRebootWindow),
});

/** URL of the Kubernetes API. */
export const endpoint = apiEndpoint.url;

/** The administrator's kubeconfig, as YAML. */
export const kubeconfig = pulumi.secret(
  pulumi
    .output({ name, server: endpoint, ca: pki.kubernetesCA.trusted, cert: pki.admin.cert, key: pki.admin.key })
    .apply(toKubeconfig),
);

if (waitFor === "cluster") {
  new Addons(name, {
    kubeconfig,
    kubernetesCA: pki.kubernetesCA.trusted,
    endpoint: apiEndpoint,
    serviceCIDR: settings.serviceCIDR,
    ready: masters.ready,
    nodes: [...masters.nodes, ...workers.nodes],
  });
}

/** Every node by name. */
export const nodes = Object.fromEntries([...masters.nodes, ...workers.nodes].map(({ name, ...node }) => [name, node]));

/** Logs in as core on every node; OpenSSH private key. */
export const sshPrivateKey = pki.ssh.privateKeyOpenssh;

/** This stack's configuration by setting's name; lists and objects are JSON. */
function configuration(): Record<string, string> {
  const namespace = `${pulumi.getProject()}:`;
  return Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(namespace))
      .map(([key, value]) => [key.slice(namespace.length), value]),
  );
}
