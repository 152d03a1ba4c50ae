/** Settings of the host that machines depend on, and capabilities they must not have. */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import writeFileAtomic from "write-file-atomic";

/** Minimum values. */
const sysctls: readonly { readonly name: string; readonly atLeast: number }[] = [
  // The limit is per user, and all machines share root: systemd, dbus, containerd, the kubelet and every pod that watches
  // a file need one each. Six nodes exceed the default of 128 ("too many open files").
  { name: "fs.inotify.max_user_instances", atLeast: 8192 },
  // The same for watches: kubelets watch every mounted ConfigMap and Secret.
  { name: "fs.inotify.max_user_watches", atLeast: 524288 },
  // Each container has a session keyring, and nested containers' count for the host.
  { name: "kernel.keys.maxkeys", atLeast: 20000 },
];

/** Directories of sysctls and of their former values. */
export interface SysctlPlaces {
  readonly proc: string;
  /** Former values, in /run: like the raised sysctls, they do not survive a restart of the host. */
  readonly memory: string;
}

const places: SysctlPlaces = { proc: "/proc/sys", memory: "/run/exoscale-sysctls" };
const file = ({ proc }: SysctlPlaces, name: string): string => join(proc, name.replaceAll(".", "/"));
const valuesFile = ({ memory }: SysctlPlaces): string => join(memory, "before.json");
const zonesOf = ({ memory }: SysctlPlaces): string => join(memory, "zones");

const valuesBefore = async (at: SysctlPlaces): Promise<Record<string, number>> =>
  JSON.parse(await readFile(valuesFile(at), "utf8").catch(() => "{}")) as Record<string, number>;

/** Raises sysctls that are too low for the zone's machines, and remembers their former values. */
export async function raiseSysctls(zone: string, log: (line: string) => void, at = places): Promise<void> {
  await mkdir(zonesOf(at), { recursive: true });
  await writeFile(join(zonesOf(at), zone), "");
  for (const { name, atLeast } of sysctls) {
    const value = Number(await readFile(file(at, name), "utf8"));
    if (value >= atLeast) continue;
    await writeFileAtomic(valuesFile(at), JSON.stringify({ [name]: value, ...(await valuesBefore(at)) }));
    try {
      await writeFile(file(at, name), String(atLeast));
    } catch (cause) {
      throw new Error(
        `${name} is ${value} and has to be ${atLeast} or more: run \`sysctl -w ${name}=${atLeast}\` on the host`,
        { cause },
      );
    }
    log(`host: ${name} raised from ${value} to ${atLeast}`);
  }
}

/** Restores the former values when the last zone is removed, except of sysctls that were changed since. */
export async function restoreSysctls(zone: string, log: (line: string) => void, at = places): Promise<void> {
  await rm(join(zonesOf(at), zone), { force: true });
  const others = await readdir(zonesOf(at)).catch(() => []);
  if (others.length > 0) return;
  const before = await valuesBefore(at);
  for (const { name, atLeast } of sysctls) {
    const value = before[name];
    if (value === undefined || Number(await readFile(file(at, name), "utf8")) !== atLeast) continue;
    await writeFile(file(at, name), String(value));
    log(`host: ${name} is ${value} again`);
  }
  await rm(at.memory, { recursive: true, force: true });
}

/** Linux's capabilities in the order of their numbers. */
const capabilities = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
] as const;

/** Capabilities that no machine has: they affect the host itself (clock, kernel modules, I/O ports). */
const withheld = ["SYS_TIME", "SYS_MODULE", "SYS_RAWIO"] as const;

/**
 * The capabilities to drop from "ALL": the withheld ones, and those that the host itself lacks, since a container that
 * requests such a capability does not start.
 *
 * @param status text of /proc/self/status
 * @param last number of the kernel's last capability (/proc/sys/kernel/cap_last_cap)
 */
export function capabilitiesToDrop(status: string, last: number): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (bounding === undefined)
    throw new Error("/proc/self/status has no CapBnd line: this is not Linux's proc file system");
  const present = BigInt(`0x${bounding}`);
  const lacking = capabilities.filter((_, bit) => bit <= last && ((present >> BigInt(bit)) & 1n) === 0n);
  return [...new Set<string>([...withheld, ...lacking])];
}

/** `capabilitiesToDrop` of this host. */
export async function hostCapabilitiesToDrop(): Promise<string[]> {
  const status = await readFile("/proc/self/status", "utf8");
  const last = Number(await readFile("/proc/sys/kernel/cap_last_cap", "utf8"));
  return capabilitiesToDrop(status, last);
}
