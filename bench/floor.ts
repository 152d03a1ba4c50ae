/** The lower bound for a new worker: a bare machine of the same type, until a kubelet without a cluster answers. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../config/index.ts";
import { encodeUserData } from "../exoscale/user-data.ts";
import { toYAML } from "../ignition/cloudconfig.ts";
import { download, mirrorCA, registries } from "../ignition/download.ts";
import { plain, RUN, script } from "../ignition/file.ts";
import { fill } from "../ignition/template.ts";
import { ports } from "../ports.ts";
import { files, images } from "../versions.ts";
import type { Site } from "./site.ts";

/** The fields of a worker's instance that the bare machine copies. */
interface Worker {
  readonly template: { readonly id: string };
  readonly "instance-type": { readonly id: string };
  readonly "security-groups": readonly { readonly id: string }[];
  readonly "disk-size": number;
}

/** Timeout in seconds. */
const LIMIT = 180;
const NAME = "bench-floor";

/** Seconds from the call that creates the machine to the kubelet's first answer. Our cluster must be up. */
export async function bareKubelet(site: Site): Promise<number> {
  const [{ zone }, settings] = [await site.sandbox(), await site.settings()];
  const { api } = zone;
  const { instances } = (await api.get("/instance")) as { instances: readonly { id: string; name: string }[] };
  // The same type and security groups as a worker.
  const { id: workerId } = instances.find(({ name }) => name.endsWith("-worker-1"))!;
  const worker = (await api.get(`/instance/${workerId}`)) as Worker;
  const { template, "instance-type": type, "security-groups": groups, "disk-size": disk } = worker;
  const begin = Date.now();
  const id = await api.operate("POST", "/instance", {
    name: NAME,
    template: { id: template.id },
    "instance-type": { id: type.id },
    "disk-size": disk,
    "security-groups": groups.map((group) => ({ id: group.id })),
    "user-data": encodeUserData(bareConfig(settings)),
  });
  try {
    for (;;) {
      // The machine accepts no login, so it reports on its console.
      const { log } = (await zone.ask<{ log: string }>("GET", `/console?instance=${id}`))!;
      const at = /^kubelet answers at (\d+\.\d+)/m.exec(log)?.[1];
      if (at !== undefined) return Number(at) - begin / 1000;
      if (Date.now() - begin > LIMIT * 1000)
        throw new Error(`no kubelet answered on a bare machine within ${LIMIT} s; its console:\n${log.slice(-2000)}`);
      await sleep(500);
    }
  } finally {
    await api.operate("DELETE", `/instance/${id}`);
  }
}

const bare = (kubelet: { url: string; sha256: string }) => `#!/bin/bash
set -euo pipefail
bash /run/kubernetes/bin/fetch /opt/bin/kubelet ${kubelet.sha256} ${kubelet.url}
systemd-run --quiet --unit kubelet /opt/bin/kubelet --config=/run/kubernetes/kubelet.yaml --config-dir=/etc/kubernetes/kubelet.conf.d
until [[ $(curl --silent http://127.0.0.1:${ports.kubeletHealthz}/healthz) == ok ]]; do sleep 0.1; done
echo "kubelet answers at $(date +%s.%3N)" > /dev/console
`;

const KUBELET = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
`;

function bareConfig({ mirror }: Settings): string {
  const v: Record<string, string> = {
    pauseImage: images.pause,
    cniBinDir: `/opt/cni/${files.cniPlugins.version}`,
    cniConfDir: "/etc/cni/net.d",
  };
  return toYAML({
    hostname: NAME,
    authorizedKeys: [],
    files: [
      ...mirrorCA(mirror),
      ...registries(mirror),
      plain("containerd.toml", fill("node/containerd.toml", v)),
      script("node/fetch"),
      { path: `${RUN}/bin/bare`, permissions: "0755", content: bare(download("kubelet", mirror)) },
      plain("kubelet.yaml", KUBELET),
    ],
    units: [
      { name: "containerd.service", dropIn: fill("node/containerd.conf", v), command: "restart" },
      {
        name: "bare.service",
        command: "start",
        content:
          "[Unit]\nRequires=containerd.service\nAfter=containerd.service\n[Service]\nExecStart=/bin/bash /run/kubernetes/bin/bare\n",
      },
    ],
  });
}
