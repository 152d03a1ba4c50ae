import { ports } from "../ports.ts";
import { images } from "../versions.ts";
import { toYAML } from "./cloudconfig.ts";
import { nodeEnvironment } from "./environment.ts";
import { manifest, plain } from "./file.ts";
import { authorizedKeys, commonFiles, units, values } from "./node.ts";
import { fill } from "./template.ts";
import type { WorkerArgs } from "./types.ts";

/** A worker's cloud-config: what every node runs, and haproxy in front of all apiservers. */
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
      ...commonFiles(worker, nodeEnvironment(worker, "worker"), "", {
        "haproxy/ca.crt": worker.certificates["kubernetes-ca"],
      }),
      // haproxy does not run as root; its files hold no secret.
      plain("haproxy/haproxy.cfg", fill("worker/haproxy.cfg", v)),
      manifest("haproxy", fill("worker/haproxy.yaml", v)),
    ],
    units: units(worker, []),
  });
}
