/** What machines need of the host that runs them, and what the host lacks. */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Raised when lower. */
const sysctls: readonly { readonly name: string; readonly atLeast: number }[] = [
  // Per user, and root is one user for all machines: systemd, dbus, containerd, the kubelet and every pod that watches a
  // file take one each. The default of 128 is used up by six nodes ("too many open files").
  { name: "fs.inotify.max_user_instances", atLeast: 8192 },
  // The same for watches: kubelets watch every ConfigMap and Secret that is mounted.
  { name: "fs.inotify.max_user_watches", atLeast: 524288 },
  // Each container has a session keyring; nested ones count as the host's.
  { name: "kernel.keys.maxkeys", atLeast: 20000 },
];

/** Where the host keeps its sysctls, and where the zones on it keep what these were. */
export interface SysctlPlaces {
  readonly proc: string;
  /** Gone with the host's restart, as what was raised is. */
  readonly memory: string;
}

const places: SysctlPlaces = { proc: "/proc/sys", memory: "/run/exoscale-sysctls" };
const file = ({ proc }: SysctlPlaces, name: string): string => join(proc, name.replaceAll(".", "/"));
const valuesFile = ({ memory }: SysctlPlaces): string => join(memory, "before.json");
const zonesOf = ({ memory }: SysctlPlaces): string => join(memory, "zones");

const valuesBefore = async (at: SysctlPlaces): Promise<Record<string, number>> =>
  JSON.parse(await readFile(valuesFile(at), "utf8").catch(() => "{}")) as Record<string, number>;

/** Raises the sysctls that are too low for the zone's machines, and remembers what they were. */
export async function raiseSysctls(zone: string, log: (line: string) => void, at = places): Promise<void> {
  await mkdir(zonesOf(at), { recursive: true });
  await writeFile(join(zonesOf(at), zone), "");
  for (const { name, atLeast } of sysctls) {
    const value = Number(await readFile(file(at, name), "utf8"));
    if (value >= atLeast) continue;
    await writeFile(valuesFile(at), JSON.stringify({ [name]: value, ...(await valuesBefore(at)) }));
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

/** When the last zone goes, sysctls are again what they were before the first, but for those that somebody else has changed since. */
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

/** Linux' capabilities in the order of their numbers. */
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

/** No machine has these: they reach the host itself (its clock, its kernel's code, its ports). */
const withheld = ["SYS_TIME", "SYS_MODULE", "SYS_RAWIO"] as const;

/**
 * The capabilities to drop from "all of them": the withheld ones, and those the host itself lacks (a container that asks
 * for one of those does not start).
 * @param status text of /proc/self/status
 * @param last number of the kernel's last capability (/proc/sys/kernel/cap_last_cap)
 */
export function capabilitiesToDrop(status: string, last: number): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (bounding === undefined)
    throw new Error("/proc/self/status has no CapBnd line: this is not Linux' proc file system");
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
