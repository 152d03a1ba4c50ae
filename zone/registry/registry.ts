import { writeFile } from "node:fs/promises";
import { connect } from "node:tls";
import { once } from "node:events";
import { stringify } from "yaml";
import type { Certificate } from "./certificates.ts";

export interface RegistryOptions {
  readonly address: string;
  readonly port: number;
  readonly certificate: Certificate;
  /** docker-registry's file system storage; served read-only. */
  readonly storage: string;
  /** Where its configuration goes. */
  readonly configFile: string;
}

/** The command that serves it, for a supervisor. */
export interface RegistryCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: () => Promise<boolean>;
}

/** Writes docker-registry's configuration (distribution 2.8) and returns the command that runs it. */
export async function prepareRegistry(options: RegistryOptions): Promise<RegistryCommand> {
  await writeFile(options.configFile, renderConfig(options));
  const { address, port } = options;
  return { command: "docker-registry", args: ["serve", options.configFile], ready: () => listens(address, port) };
}

/** The OCI registry under TLS, read-only. */
const renderConfig = ({ address, port, certificate, storage }: RegistryOptions): string =>
  stringify({
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      cache: { blobdescriptor: "inmemory" },
      maintenance: { readonly: { enabled: true }, uploadpurging: { enabled: false } },
    },
    http: {
      addr: `${address}:${port}`,
      tls: { certificate: certificate.certificate, key: certificate.key, minimumtls: "tls1.2" },
    },
  });

/** True after a TLS handshake; the certificate is for clients to check. */
async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.on("error", () => {}).destroy();
  }
}
