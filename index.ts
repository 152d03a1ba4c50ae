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
import { checkUserData } from "./components/preflight.ts";
import { loadSettings, nodeSettings } from "./config.ts";

// Pulumi takes the stack of every resource and of every promise, as an error without a message: a sixth of the state, with
// the paths of whoever ran it last, and a fifth of a preview's memory. Those are not written out; errors' own are.
Error.prepareStackTrace = (error: Error, stack) =>
  error.message === "" ? String(error) : [String(error), ...stack.map(String)].join("\n    at ");

const settings = loadSettings(configuration(), pulumi.getStack(), import.meta.dirname);
checkUserData(settings);
const { clusterName: name, waitFor } = settings;

const shape = new ClusterShape(name, {
  zone: settings.zone,
  podCIDR: settings.podCIDR,
  serviceCIDR: settings.serviceCIDR,
  masters: settings.masters,
});
const api = { endpoint: settings.apiEndpoint, zone: shape.zone };

const pki = new Pki(name, settings);
const { sshSources, apiSources, nodePortSources } = settings;
const groups = new SecurityGroups(name, { api, sshSources, apiSources, nodePortSources });
const apiEndpoint = new ApiEndpoint(name, { api });

const template = new Template(name, { api, name, ...settings.template, defaultUser: "core" });
const sshKey = new SshKey(name, { api, name, publicKey: publicLine(pki.ssh) });

const cluster = {
  clusterName: name,
  api,
  pki,
  endpoint: apiEndpoint,
  template: template.id,
  sshKey: { name, resource: sshKey },
  waitFor,
};

const masters = new MasterPool(name, {
  ...cluster,
  count: settings.masters,
  type: settings.masterType,
  diskSize: settings.masterDisk,
  securityGroup: groups.masters,
  settings: nodeSettings(settings, settings.masterRebootWindow),
});

const workers = new WorkerPool(name, {
  ...cluster,
  masters,
  count: settings.desiredWorkers,
  type: settings.workerType,
  diskSize: settings.workerDisk,
  securityGroup: groups.workers,
  maxUnavailable: settings.maxUnavailable,
  settings: nodeSettings(settings, settings.workerRebootWindow),
});

/** The Kubernetes API's URL. */
export const endpoint = apiEndpoint.url;

/** For kubectl, as the administrator. */
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
    nodes: settings.masters + settings.desiredWorkers,
  });
}

/** Every node by name. */
export const nodes = Object.fromEntries([...masters.nodes, ...workers.nodes].map(({ name, ...node }) => [name, node]));

/** Opens core's account on every node. */
export const sshPrivateKey = pki.ssh.privateKeyOpenssh;

/** This stack's settings by name, as Pulumi hands them out. */
function configuration(): Record<string, string> {
  const namespace = `${pulumi.getProject()}:`;
  return Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(namespace))
      .map(([key, value]) => [key.slice(namespace.length), value]),
  );
}
