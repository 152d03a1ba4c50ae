import { ports } from "../ports.ts";
import { images } from "../versions.ts";
import { toYAML } from "./cloudconfig.ts";
import { authorizedKeys, commonFiles, manifest, plain, units, values } from "./node.ts";
import { fill } from "./template.ts";
import type { WorkerArgs } from "./types.ts";

/** A worker's cloud-config: kubelet, kube-proxy, flannel, and haproxy as its way to every apiserver. */
export function renderWorker(worker: WorkerArgs): string {
  const v = {
    ...values(worker),
    haproxyImage: images.haproxy,
    servers: worker.masters.map(({ name, address }) => `  server ${name} ${address}:${ports.apiserver}`).join("\n"),
  };
  return toYAML({
    hostname: worker.name,
    authorizedKeys: authorizedKeys(worker),
    files: [
      ...commonFiles(worker, { role: "worker", masterHealth: "", masterDrain: "", etcdReport: "", taints: "" }),
      // haproxy is not root: its files hold no secret and are readable.
      plain("haproxy/haproxy.cfg", fill("worker/haproxy.cfg", v)),
      plain("haproxy/ca.crt", worker.certificates["kubernetes-ca"]),
      manifest("haproxy", fill("worker/haproxy.yaml", v)),
    ],
    units: units(worker, []),
  });
}
