/** Files of a node below `/run/kubernetes`, by kind: where they are and who may read them. */
import { basename } from "node:path";
import { ports } from "../ports.ts";
import type { File } from "./cloudconfig.ts";
import { fill, textOf } from "./template.ts";

export const RUN = "/run/kubernetes";

export const pki = (name: string, content: string): File => secret(`pki/${name}`, content);
export const secret = (name: string, content: string): File => ({
  path: `${RUN}/${name}`,
  permissions: "0600",
  content,
});
/**
 * All certificates and their keys: a line for each, with its file below `/run/kubernetes`, its DER in hex and its label, from
 * which bin/certificates writes PEM. Certificates share most of their bytes, and a key contains its public key. gzip finds those
 * in hex, but not in base64, where three bytes become four letters: as PEM they would take 7 KB more of a master's user-data.
 *
 * @param pems PEM by file; several in one are several lines of that name
 * @throws Error naming a file that has nothing in PEM
 */
export function certificates(pems: Readonly<Record<string, string>>): File {
  const lines = Object.entries(pems).flatMap(([name, pem]) => {
    const found = [...pem.matchAll(/-----BEGIN ([A-Z ]+)-----\n([^]+?)\n-----END \1-----/g)];
    if (found.length === 0) throw new Error(`${name} has no certificate and no key in PEM`);
    return found.map(
      ([, label, base64]) => `${name} ${Buffer.from(base64!, "base64").toString("hex").toUpperCase()} ${label}\n`,
    );
  });
  return secret("certificates", lines.join(""));
}
export const plain = (name: string, content: string): File => ({
  path: `${RUN}/${name}`,
  permissions: "0644",
  content,
});
/** The script of a file below `files/`, under the same name and without indentation, which takes room and does nothing. */
export const script = (file: string): File => ({
  path: `${RUN}/bin/${basename(file)}`,
  permissions: "0755",
  content: textOf(file).replace(/^[ \t]+/gm, ""),
});
/** Of a static pod. Readable by root alone, as the CIS Kubernetes Benchmark wants it (1.1.1 to 1.1.8). */
export const manifest = (name: string, content: string): File => secret(`manifests/${name}.yaml`, content);
/** @param key its file of pki/ without `.key` */
export const kubeconfig = (user: string, key = "node"): File =>
  secret(`${user}.kubeconfig`, fill("node/kubeconfig.yaml", { user, key, port: ports.apiserver }));
