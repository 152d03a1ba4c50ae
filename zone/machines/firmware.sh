# shellcheck shell=sh
# Does what a hypervisor and a PC's firmware do before an operating system starts: PID 1 of every machine until it
# executes the template's /sbin/init. Run as: sh -c "$(cat firmware.sh)" firmware INSTANCE-ID GATEWAY
# Needs only a POSIX shell, mount and coreutils in the template.
set -eu
id=$1 gateway=$2
own=/run/firmware
mkdir -p $own

# Docker mounts cgroups read-only in unprivileged containers, but systemd, Docker and the kubelet create their own. The
# machine has a private cgroup namespace, so it does not see the host's root.
writable_cgroups() {
  while read -r _ at type _; do
    case $type:$at in
      cgroup:* | cgroup2:* | *:/sys/fs/cgroup) mount -o remount,rw,bind "$at" ;;
    esac
  done </proc/mounts
}

# The kubelet watches /dev/kmsg for OOM kills and does not start without it. Every machine has fuse and tun.
devices() {
  mkdir -p /dev/net
  [ -e /dev/kmsg ] || mknod -m 0644 /dev/kmsg c 1 11
  [ -e /dev/fuse ] || mknod -m 0666 /dev/fuse c 10 229
  [ -e /dev/net/tun ] || mknod -m 0666 /dev/net/tun c 10 200
}

# Everything in /proc/sys outside net belongs to the host, so it is read-only. The kubelet must be able to set the four
# below: it gets copies.
own_sysctls() {
  mount --bind /proc/sys /proc/sys
  mount --bind /proc/sys/net /proc/sys/net
  for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops; do
    copy=$own/$(echo $name | tr / .)
    cat /proc/sys/$name >"$copy"
    mount --bind "$copy" /proc/sys/$name
  done
  # A container sees the host's boot id; here each boot of each machine has its own.
  cat /proc/sys/kernel/random/uuid >$own/boot_id
  mount --bind $own/boot_id /proc/sys/kernel/random/boot_id
  mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
}

# The kubelet reads its SystemUUID from the DMI tables, which describe the host or are missing. (systemd sets machine-id
# to the instance's id, too, from container_uuid in the environment.)
own_dmi() {
  mkdir -p $own/dmi
  echo "$id" >$own/dmi/product_uuid
  echo "$id" >$own/dmi/product_serial
  echo Exoscale >$own/dmi/sys_vendor
  echo "Exoscale Compute Platform" >$own/dmi/product_name
  if [ -d /sys/class/dmi/id ]; then
    mount --bind $own/dmi "$(readlink -f /sys/class/dmi/id)"
    return
  fi
  # A host without DMI has no mount point for it, and sysfs takes no new directories. So /sys/class becomes a tmpfs of
  # links into the real one, which is mounted over an unused directory one level below /sys, where the devices' relative
  # links stay valid. (An overlay caches failed lookups: a device looked up before it exists would stay missing.)
  mount --bind /sys/class /sys/firmware
  mount -t tmpfs -o mode=755 dmi /sys/class
  for class in /sys/firmware/*; do
    ln -s "../firmware/${class##*/}" /sys/class/
  done
  mkdir -p /sys/class/dmi
  cp -R $own/dmi /sys/class/dmi/id
  mount -o remount,ro /sys/class
}

# Docker bind-mounts its own files over these three. A machine needs its own: hostnamectl replaces /etc/hostname by
# rename, which fails on a mount point. The resolver is the one that DHCP would set.
own_etc() {
  for file in /etc/resolv.conf /etc/hosts /etc/hostname; do
    while umount "$file" 2>/dev/null; do :; done
  done
  [ -L /etc/resolv.conf ] || echo "nameserver $gateway" >/etc/resolv.conf
  [ -s /etc/hosts ] || printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts
}

# Removes the NAT rules for Docker's own DNS at 127.0.0.11 from the machine's network namespace.
no_docker_dns() {
  if command -v iptables-nft-restore >/dev/null; then
    printf '*nat\nCOMMIT\n' | iptables-nft-restore
  fi
  # Listing a legacy table creates it: only if the host's Docker has done so.
  if grep -qsx nat /proc/net/ip_tables_names; then
    printf '*nat\nCOMMIT\n' | iptables-legacy-restore
  fi
}

# systemd does this at boot, but not in a container. Without it, pods' mounts do not reach the machine
# (mountPropagation: Bidirectional). Must come last, or the mounts above would propagate into each other.
shared_mounts() {
  mount --make-rshared /
}

writable_cgroups
devices
own_sysctls
own_dmi
own_etc
no_docker_dns
shared_mounts
exec /sbin/init
