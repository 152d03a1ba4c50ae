/** The request that creates an instance's container in the Docker Engine. Pure: values in, request out. */
import type { ContainerCreateOptions } from "dockerode";
import type { Instance } from "../types.ts";

/** Labels by which the zone finds its containers, volumes, images and networks: the engine is the only record of them. */
export const labels = { zone: "com.exoscale.zone", instance: "com.exoscale.instance" } as const;

const MiB = 1024 * 1024;
/** A node with a control plane needs most of this; with less, guests fail in ways that have nothing to do with Exoscale. */
const leastMemory = 1536 * MiB;

/** An instance's memory limit in the engine, in bytes. */
export const memoryLimit = (instance: Instance): number => Math.max(instance.memory, leastMemory);

/** A host name derived from an instance's name, which may contain characters that DNS does not allow. */
export function hostname(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return plain === "" ? "instance" : plain;
}

/** Settings that all machines of a zone share. */
export interface Settings {
  /** Value of the zone label. */
  readonly zone: string;
  /** The engine's network. */
  readonly network: string;
  readonly gateway: string;
  /** From `hostCapabilitiesToDrop`. */
  readonly dropCapabilities: readonly string[];
  /** False if the host has no memory controller. */
  readonly limitMemory: boolean;
  /** Content of firmware.sh. */
  readonly firmware: string;
}

/** The engine's request; @types/dockerode lacks `CgroupnsMode`. */
export type Request = ContainerCreateOptions & { name: string; HostConfig: { CgroupnsMode: "private" } };

/** Name of an instance's container and of its volume. */
export const containerName = (settings: Pick<Settings, "network">, id: string): string => `${settings.network}-${id}`;

/** @param image reference or id of the image to boot */
export function containerOptions(settings: Settings, instance: Instance, image: string): Request {
  const marks = { [labels.zone]: settings.zone, [labels.instance]: instance.id };
  const name = containerName(settings, instance.id);
  return {
    name,
    Image: image,
    Hostname: hostname(instance.name),
    Labels: marks,
    Entrypoint: ["/bin/sh", "-c", settings.firmware, "firmware"],
    Cmd: [instance.id, settings.gateway],
    // For systemd: that it runs in a container, and its machine-id. The console is a terminal without colours.
    Env: ["container=docker", `container_uuid=${instance.id}`, "TERM=dumb"],
    Tty: true,
    // For a shutdown of the engine (the zone asks guests itself): systemd treats the signal as a request to reboot, so
    // the machine shuts down cleanly and is started again afterwards.
    StopSignal: "SIGRTMIN+5",
    // Engines up to 24 read it here, later ones at the endpoint.
    MacAddress: instance.address === null ? undefined : instance.mac,
    NetworkingConfig:
      instance.address === null
        ? undefined
        : {
            EndpointsConfig: {
              [settings.network]: { IPAMConfig: { IPv4Address: instance.address }, MacAddress: instance.mac },
            },
          },
    HostConfig: {
      NetworkMode: instance.address === null ? "none" : settings.network,
      // Not privileged: that requests all capabilities, which fails if the host lacks one, and gives access to the clock.
      CapAdd: ["ALL"],
      CapDrop: [...settings.dropCapabilities],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      // Nothing is masked or read-only: firmware.sh restricts /proc.
      MaskedPaths: [],
      ReadonlyPaths: [],
      DeviceCgroupRules: ["a *:* rwm"],
      CgroupnsMode: "private",
      Tmpfs: { "/run": "exec,mode=755", "/run/lock": "", "/tmp": "exec" },
      // Docker and containerd in the guest mount overlays, which need a file system other than overlay below: /var is a volume.
      Mounts: [
        {
          Type: "volume",
          Source: name,
          Target: "/var",
          VolumeOptions: { NoCopy: false, Labels: marks, DriverConfig: { Name: "local", Options: {} } },
        },
      ],
      Memory: settings.limitMemory ? memoryLimit(instance) : undefined,
      MemorySwap: settings.limitMemory ? -1 : undefined,
      // The engine's restart policy cannot tell a reboot from a power-off: the zone restarts machines.
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
  };
}
