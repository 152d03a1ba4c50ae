import { createHash } from "node:crypto";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dnsServiceAddress } from "../../ignition/service-addresses.ts";
import { replicasAnnotation } from "../../node/remote/scripts.ts";
import { images } from "../../versions.ts";
import type { AddonArgs } from "./addon.ts";

const NAMESPACE = "kube-system";
// kubeadm's label, which charts and operators look for.
const LABELS = { "k8s-app": "kube-dns" };

const COREFILE = `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    import custom/*.override
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
import custom/*.server
`;
/** The owner's ConfigMap, which nothing here creates or changes: `*.override` joins the block above, `*.server` is blocks of their own. */
const CUSTOM = "coredns-custom";

/** CoreDNS: the cluster's DNS, twice on two nodes where there are two. */
export function coreDNS(name: string, args: AddonArgs, inCluster: pulumi.CustomResourceOptions): void {
  const metadata = (of: string) => ({ name: of, namespace: NAMESPACE, labels: LABELS });

  const identity = createIdentity();
  const configMap = new kubernetes.core.v1.ConfigMap(
    `${name}-coredns`,
    { metadata: metadata("coredns"), data: { Corefile: COREFILE } },
    inCluster,
  );
  createService();
  createDisruptionBudget();
  createDeployment([...identity, configMap]);

  function createIdentity(): pulumi.Resource[] {
    const rbac = { name: "system:coredns", labels: LABELS };
    return [
      new kubernetes.core.v1.ServiceAccount(`${name}-coredns`, { metadata: metadata("coredns") }, inCluster),
      new kubernetes.rbac.v1.ClusterRole(
        `${name}-coredns`,
        {
          metadata: rbac,
          rules: [
            { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
            { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
          ],
        },
        inCluster,
      ),
      new kubernetes.rbac.v1.ClusterRoleBinding(
        `${name}-coredns`,
        {
          metadata: rbac,
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:coredns" },
          subjects: [{ kind: "ServiceAccount", name: "coredns", namespace: NAMESPACE }],
        },
        inCluster,
      ),
    ];
  }

  function createService(): void {
    new kubernetes.core.v1.Service(
      `${name}-kube-dns`,
      {
        metadata: {
          ...metadata("kube-dns"),
          // Its endpoints are the Deployment's pods, which Pulumi waits for anyway.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          selector: LABELS,
          clusterIP: dnsServiceAddress(args.serviceCIDR),
          ports: [
            { name: "dns", port: 53, protocol: "UDP" },
            { name: "dns-tcp", port: 53, protocol: "TCP" },
            { name: "metrics", port: 9153, protocol: "TCP" },
          ],
        },
      },
      inCluster,
    );
  }

  function createDisruptionBudget(): void {
    new kubernetes.policy.v1.PodDisruptionBudget(
      `${name}-coredns`,
      { metadata: metadata("coredns"), spec: { maxUnavailable: 1, selector: { matchLabels: LABELS } } },
      inCluster,
    );
  }

  /** Its pods need the ServiceAccount and the ConfigMap: without them they are refused or never start. */
  function createDeployment(dependsOn: pulumi.Resource[]): void {
    const replicas = Math.min(2, args.nodes.length);
    const fingerprint = pulumi.output(args.kubernetesCA).apply((pem) => createHash("sha256").update(pem).digest("hex"));
    new kubernetes.apps.v1.Deployment(
      `${name}-coredns`,
      {
        metadata: { ...metadata("coredns"), annotations: { [replicasAnnotation]: String(replicas) } },
        spec: {
          replicas,
          selector: { matchLabels: LABELS },
          // Replace one at a time: two nodes have no room for a third pod.
          strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
          template: {
            metadata: { labels: LABELS, annotations: { "kubernetes-on-exoscale/ca": fingerprint } },
            spec: podSpec(),
          },
        },
      },
      { ...inCluster, dependsOn, customTimeouts: { create: "15m", update: "15m" } },
    );
  }
}

function podSpec() {
  const controlPlane = "node-role.kubernetes.io/control-plane";
  return {
    serviceAccountName: "coredns",
    priorityClassName: "system-cluster-critical",
    // Forward to the node's own resolver, not to this DNS.
    dnsPolicy: "Default",
    // Prefer workers, but run on masters too: DNS must not need a worker.
    tolerations: [{ key: controlPlane, operator: "Exists", effect: "NoSchedule" }],
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: LABELS } },
        ],
      },
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, preference: { matchExpressions: [{ key: controlPlane, operator: "DoesNotExist" }] } },
        ],
      },
    },
    securityContext: {
      seccompProfile: { type: "RuntimeDefault" },
      // Lets a user other than root bind port 53, whatever the image's file capabilities and the runtime's default are.
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "53" }],
    },
    containers: [
      {
        name: "coredns",
        image: images.coredns,
        args: ["-conf", "/etc/coredns/Corefile"],
        ports: [
          { name: "dns", containerPort: 53, protocol: "UDP" },
          { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
          { name: "metrics", containerPort: 9153, protocol: "TCP" },
          { name: "liveness", containerPort: 8080, protocol: "TCP" },
          { name: "readiness", containerPort: 8181, protocol: "TCP" },
        ],
        resources: { requests: { cpu: "100m", memory: "70Mi" }, limits: { memory: "170Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          runAsUser: 65532,
          // Upstream's binary has it as a file capability and does not start without.
          capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
        },
        livenessProbe: {
          httpGet: { path: "/health", port: "liveness" },
          initialDelaySeconds: 60,
          timeoutSeconds: 5,
          failureThreshold: 5,
        },
        readinessProbe: { httpGet: { path: "/ready", port: "readiness" }, periodSeconds: 2 },
        volumeMounts: [
          { name: "config", mountPath: "/etc/coredns", readOnly: true },
          { name: "custom", mountPath: "/etc/coredns/custom", readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: "config", configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] } },
      { name: "custom", configMap: { name: CUSTOM, optional: true } },
    ],
  };
}
