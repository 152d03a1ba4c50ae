import { stringify } from "yaml";

export interface KubeconfigArgs {
  /** Name of cluster, user and context. */
  name: string;
  /** `https://ADDRESS:PORT` */
  server: string;
  /** PEM of every CA that may have signed an apiserver's certificate. */
  ca: string;
  /** PEM of the client certificate. */
  cert: string;
  /** PEM of its private key. */
  key: string;
}

/** A kubeconfig as YAML, with certificates and key inside: it needs no other file. */
export function kubeconfig({ name, server, ca, cert, key }: KubeconfigArgs): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server, "certificate-authority-data": base64(ca) } }],
      users: [{ name, user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
    },
    { lineWidth: 0 },
  );
}
