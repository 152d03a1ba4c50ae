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
export const plain = (name: string, content: string): File => ({
  path: `${RUN}/${name}`,
  permissions: "0644",
  content,
});
/** The script of a file below `files/`, under the same name. */
export const script = (file: string): File => ({
  path: `${RUN}/bin/${basename(file)}`,
  permissions: "0755",
  content: textOf(file),
});
export const manifest = (name: string, content: string): File => plain(`manifests/${name}.yaml`, content);
export const kubeconfig = (user: string): File =>
  secret(`${user}.kubeconfig`, fill("node/kubeconfig.yaml", { user, port: ports.apiserver }));
