/** An instance as the Docker Engine's container. Pure: values in, the engine's request out. */
import type { ContainerCreateOptions } from "dockerode";
import type { Instance } from "../types.ts";

/** By these labels containers, volumes, images and networks are found again: the engine is the only record of them. */
export const labels = { zone: "com.exoscale.zone", instance: "com.exoscale.instance" } as const;

const MiB = 1024 * 1024;
/** A node with a control plane needs most of this; below it the guest dies in ways that teach nothing. */
const leastMemory = 1536 * MiB;

/** Bytes the engine is told to limit an instance to. */
export const memoryLimit = (instance: Instance): number => Math.max(instance.memory, leastMemory);

/** A host name out of an instance's name, which may have other characters than DNS allows. */
export function hostname(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return plain === "" ? "instance" : plain;
}

/** What all machines of a zone have in common. */
export interface Settings {
  /** Value of the zone label. */
  readonly zone: string;
  /** The engine's network. */
  readonly network: string;
  readonly gateway: string;
  /** From `hostCapabilitiesToDrop`. */
  readonly dropCapabilities: readonly string[];
  /** The engine's memory controller is there. */
  readonly limitMemory: boolean;
  /** Text of firmware.sh. */
  readonly firmware: string;
}

/** The request as the engine takes it; the namespace is missing in @types/dockerode. */
export type Request = ContainerCreateOptions & { name: string; HostConfig: { CgroupnsMode: "private" } };

/** Name of an instance's container and of its volume. */
export const containerName = (settings: Pick<Settings, "network">, id: string): string => `${settings.network}-${id}`;

/**
 * The request that makes an instance's container.
 * @param image what to boot: an image's reference or id
 */
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
    // systemd: "I am in a container", and the machine-id to begin with. The console is a terminal without colours.
    Env: ["container=docker", `container_uuid=${instance.id}`, "TERM=dumb"],
    Tty: true,
    // For the engine's own shutdown (the zone asks the guest itself): systemd takes it for a reboot, and so the machine
    // ends cleanly and like one that is to run again.
    StopSignal: "SIGRTMIN+5",
    // Here for engines up to 24, at the endpoint for those after them.
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
      // Not Privileged: it asks for every capability, which fails where the host lacks one, and hands out the clock.
      CapAdd: ["ALL"],
      CapDrop: [...settings.dropCapabilities],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      // Nothing masked, nothing read-only: the firmware decides what of /proc a machine may change.
      MaskedPaths: [],
      ReadonlyPaths: [],
      DeviceCgroupRules: ["a *:* rwm"],
      CgroupnsMode: "private",
      Tmpfs: { "/run": "exec,mode=755", "/run/lock": "", "/tmp": "exec" },
      // Docker and containerd in the guest stack overlays, which an overlay cannot carry: /var is the host's file system.
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
      // A guest's reboot and its power-off look the same to the engine's restart policy: the zone restarts machines.
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
  };
}
