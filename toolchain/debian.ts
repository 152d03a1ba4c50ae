/** The Debian packages that the product needs, installed if they are missing. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure, output, run } from "./run.ts";

/** Package -> the file that shows that it, or another vendor's package of the same program, is installed. */
export const packages: Readonly<Record<string, string>> = {
  "docker.io": "dockerd",
  "docker-registry": "docker-registry",
  "dnsmasq-base": "dnsmasq",
  nftables: "nft",
  iptables: "iptables",
  conntrack: "conntrack",
  iproute2: "ip",
  "openssh-client": "ssh",
  openssl: "openssl",
  mmdebstrap: "mmdebstrap",
  gcc: "gcc",
  "libc6-dev": "/usr/include/stdio.h",
  "ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
};

/** Packages that only the tests need, as above. */
export const testPackages: Readonly<Record<string, string>> = {
  "iputils-ping": "ping",
  chromium: "chromium",
  shellcheck: "shellcheck",
};

/** Services that a package would start; the local zone runs the program itself. */
const services = ["docker-registry.service"];

/** Those of `wanted` that are not installed. Programs are looked up in PATH and the system's directories. */
export function missingPackages(wanted: Readonly<Record<string, string>>, path = process.env["PATH"] ?? ""): string[] {
  const directories = [...path.split(delimiter), "/usr/sbin", "/sbin"];
  const there = (file: string) =>
    file.startsWith("/") ? existsSync(file) : directories.some((directory) => existsSync(join(directory, file)));
  return Object.keys(wanted).filter((name) => !there(wanted[name]!));
}

/**
 * Installs packages without removing any other.
 *
 * @param log file for apt's output
 */
export async function installPackages(names: readonly string[], log: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Failure(
      `These Debian packages are missing: ${names.join(" ")}. Install them as root: apt-get install ${names.join(" ")}`,
    );
  }
  if (existsSync("/run/systemd/system")) {
    const ours = services.filter((service) => names.includes(service.replace(".service", "")));
    if (ours.length > 0) await output("systemctl", ["mask", ...ours]);
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // One repository may fail: the packages can come from another, and if not, the installation fails.
  await run("apt-get", ["update"], { env, log: `${log}.update`, accept: [100] });
  await run("apt-get", ["install", "--yes", "--no-install-recommends", "--no-remove", ...names], { env, log });
}
