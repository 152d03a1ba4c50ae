/** What the host serves to instances from directories: upstream's files and images under upstream's names. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { issueCertificate } from "../registry/certificates.ts";
import { startMirror } from "../registry/mirror.ts";
import { prepareRegistry } from "../registry/registry.ts";
import { servicePorts, type Layout } from "./layout.ts";
import { requireFree } from "./listening.ts";
import { Service } from "./supervise.ts";

export interface ServicesOptions {
  /** The zone's state directory: CA, certificates and logs are kept there. */
  readonly state: string;
  /** Directory with `files/` and `registry/`; without it neither mirror nor registry. */
  readonly mirror?: string;
  /** Directory of the node image, served at the mirror's `/template/`. */
  readonly template?: string;
  readonly log: (line: string) => void;
}

/**
 * Starts what there are directories for.
 *
 * @param undo takes what ends each that was started, also when a later one fails
 */
export async function startMirrorAndRegistry(
  options: ServicesOptions,
  layout: Layout,
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  const { state, log } = options;
  const { bridge, gateway, runtime } = layout;
  const mirror = present(options.mirror);
  const template = present(options.template);
  if (mirror === undefined) log("mirror: no directory to serve files and images from, so nodes need upstream's");
  if (mirror === undefined && template === undefined) return;
  const certificate = await issueCertificate(resolve(state), `Exoscale local zone ${bridge}`, [gateway, "127.0.0.1"]);
  const files = mirror && join(mirror, "files");
  const mirrorAt = { address: gateway, port: servicePorts.mirror };
  await requireFree({ ...mirrorAt, protocols: ["tcp"], what: "the zone's mirror" });
  undo.push(
    await startMirror({
      ...mirrorAt,
      certificate,
      ...(files && { files }),
      ...(template && { template }),
    }),
  );
  if (mirror === undefined) return;
  const listens = {
    address: gateway,
    port: servicePorts.registry,
    protocols: ["tcp"],
    what: "the zone's registry",
  } as const;
  const registry = await prepareRegistry({
    ...listens,
    certificate,
    storage: join(mirror, "registry"),
    configFile: join(runtime, "registry.yml"),
  });
  const service = await Service.start({
    name: "registry",
    package: "docker-registry",
    listens,
    pidFile: registryPidFile(layout),
    logFile: join(state, "registry.log"),
    log,
    ...registry,
  });
  undo.push(() => service.stop());
}

export const registryPidFile = ({ runtime }: Layout): string => join(runtime, "registry.pid");

/** The directory as an absolute path, if it is there. */
const present = (directory: string | undefined): string | undefined =>
  directory !== undefined && existsSync(directory) ? resolve(directory) : undefined;
