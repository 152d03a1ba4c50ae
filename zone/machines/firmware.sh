# What a hypervisor and a PC's firmware do before an operating system starts: PID 1 of every machine until it hands over
# to the template's /sbin/init. Run as: sh -c "$(cat firmware.sh)" firmware INSTANCE-ID GATEWAY
# Only a POSIX shell, mount and coreutils are asked of a template.
set -eu
id=$1 gateway=$2
own=/run/firmware
mkdir -p $own

# Docker gives a container that is not privileged its cgroups read-only; systemd, docker and the kubelet make their own
# below. The machine sees a private namespace, so its root is not the host's.
writable_cgroups() {
  while read -r _ at type _; do
    case $type:$at in
      cgroup:* | cgroup2:* | *:/sys/fs/cgroup) mount -o remount,rw,bind "$at" ;;
    esac
  done </proc/mounts
}

# /dev/kmsg: the kubelet watches it for OOM kills and does not start without. fuse and tun: as on any machine.
devices() {
  mkdir -p /dev/net
  [ -e /dev/kmsg ] || mknod -m 0644 /dev/kmsg c 1 11
  [ -e /dev/fuse ] || mknod -m 0666 /dev/fuse c 10 229
  [ -e /dev/net/tun ] || mknod -m 0666 /dev/net/tun c 10 200
}

# Everything in /proc/sys outside net is the host's, and a machine is not to change it. The kubelet insists on setting
# the four below: it gets copies.
own_sysctls() {
  mount --bind /proc/sys /proc/sys
  mount --bind /proc/sys/net /proc/sys/net
  for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops; do
    copy=$own/$(echo $name | tr / .)
    cat /proc/sys/$name >"$copy"
    mount --bind "$copy" /proc/sys/$name
  done
  # A container has its host's boot id: here each boot of each machine has one.
  cat /proc/sys/kernel/random/uuid >$own/boot_id
  mount --bind $own/boot_id /proc/sys/kernel/random/boot_id
  mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys
}

# The DMI tables name the host, or nobody: a kubelet's SystemUUID comes from there. (machine-id is the instance's id too:
# systemd takes it from container_uuid in the environment.)
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
  # A host without DMI has no place to put it, and nobody can make a directory in sysfs. So /sys/class becomes a tmpfs of
  # links into the real one, which goes where nothing else is and the devices' relative links still hold: one level
  # below /sys. (An overlay would do but for what it remembers: a device that was looked for before it came would
  # stay missing.)
  mount --bind /sys/class /sys/firmware
  mount -t tmpfs -o mode=755 dmi /sys/class
  for class in /sys/firmware/*; do
    ln -s "../firmware/${class##*/}" /sys/class/
  done
  mkdir -p /sys/class/dmi
  cp -R $own/dmi /sys/class/dmi/id
  mount -o remount,ro /sys/class
}

# Docker binds its own files over these three; a machine's are its own (hostnamectl replaces /etc/hostname by rename,
# which a mount refuses). The resolver is what DHCP would have said.
own_etc() {
  for file in /etc/resolv.conf /etc/hosts /etc/hostname; do
    while umount "$file" 2>/dev/null; do :; done
  done
  [ -L /etc/resolv.conf ] || echo "nameserver $gateway" >/etc/resolv.conf
  [ -s /etc/hosts ] || printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts
}

# Docker's own DNS at 127.0.0.11 comes with NAT rules inside the machine's network: they are not the guest's.
no_docker_dns() {
  if command -v iptables-nft-restore >/dev/null; then
    printf '*nat\nCOMMIT\n' | iptables-nft-restore
  fi
  # To ask about a legacy table is to make it: only where the host's docker did.
  if grep -qsx nat /proc/net/ip_tables_names; then
    printf '*nat\nCOMMIT\n' | iptables-legacy-restore
  fi
}

# systemd does this at boot, but not in a container. Without it no pod's mount reaches the machine
# (mountPropagation: Bidirectional). Comes last: the mounts above are not to be repeated into each other.
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
