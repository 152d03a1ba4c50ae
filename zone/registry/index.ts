/** Serves upstream's files and images to instances from local directories, under upstream's names. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { requireFree } from "../services/listening.ts";
import { Service } from "../services/service.ts";
import { issueCertificate } from "./certificates.ts";
import { startMirror } from "./mirror.ts";
import { prepareRegistry } from "./registry.ts";

export interface MirrorDirectories {
  /** Contains `files/` and `registry/`; without it there is neither mirror nor registry. */
  readonly mirror?: string;
  /** The node image's, served at the mirror's `/template/`. */
  readonly template?: string;
}

export interface MirrorAndRegistryOptions extends MirrorDirectories {
  /** Common name of the CA. */
  readonly name: string;
  readonly address: string;
  readonly ports: { readonly mirror: number; readonly registry: number };
  /** The zone's state directory, for the CA, certificates and logs. */
  readonly state: string;
  /** Directory for the registry's configuration and pid file. */
  readonly runtime: string;
  readonly log: (line: string) => void;
}

/**
 * Starts the mirror and the registry, as far as their directories exist.
 *
 * @param undo receives a function for each that was started, which ends it, also when a later one fails
 */
export async function startMirrorAndRegistry(
  { name, address, ports, state, runtime, log, ...directories }: MirrorAndRegistryOptions,
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  const mirror = present(directories.mirror);
  const template = present(directories.template);
  if (mirror === undefined) log("mirror: no directory to serve files and images from, so nodes need upstream's");
  if (mirror === undefined && template === undefined) return;
  const certificate = await issueCertificate(resolve(state), name, [address, "127.0.0.1"]);
  const files = mirror && join(mirror, "files");
  const mirrorAt = { address, port: ports.mirror };
  await requireFree({ ...mirrorAt, protocols: ["tcp"], what: "the zone's mirror" });
  undo.push(await startMirror({ ...mirrorAt, certificate, ...(files && { files }), ...(template && { template }) }));
  if (mirror === undefined) return;
  const listens = { address, port: ports.registry, protocols: ["tcp"], what: "the zone's registry" } as const;
  const registry = await prepareRegistry({
    ...listens,
    certificate,
    storage: join(mirror, "registry"),
    configFile: join(runtime, "registry.yml"),
  });
  const service = await Service.start({
    name: "registry",
    listens,
    pidFile: registryPidFile(runtime),
    logFile: join(state, "registry.log"),
    log,
    ...registry,
  });
  undo.push(() => service.stop());
}

export const registryPidFile = (runtime: string): string => join(runtime, "registry.pid");

/** The directory's absolute path, if it exists. */
const present = (directory: string | undefined): string | undefined =>
  directory !== undefined && existsSync(directory) ? resolve(directory) : undefined;
