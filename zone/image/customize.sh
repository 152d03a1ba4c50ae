#!/bin/bash
# customize.sh FILES BINDIR ROOT: turns a fresh Debian in ROOT into the node image. build.sh calls it.
set -euo pipefail
files=$1 bin=$2 root=$3

# Modes in a checkout depend on the umask: only the executable bit is taken from there.
cp -R --no-preserve=mode,ownership "$files/." "$root"
(cd "$files" && find . -type f -perm -u+x) | (cd "$root" && xargs chmod 0755)
chmod 0440 "$root/etc/sudoers.d/core"

install -m 0755 "$bin"/{coreos-cloudinit,locksmithctl,update-engine,containerd,containerd-shim-runc-v2,ctr} "$root/usr/bin/"
# One program under several names: it acts by the name it is called by.
for name in update-engine-announce update-engine-boot update_engine_client; do
  ln -s update-engine "$root/usr/bin/$name"
done
mkdir -p "$root/usr/lib/locksmith"
ln -s ../../bin/locksmithctl "$root/usr/lib/locksmith/locksmithd"

# Flatcar's users and directories.
chroot "$root" groupadd --gid 232 etcd
chroot "$root" useradd --uid 232 --gid 232 --no-create-home --home-dir /dev/null --shell /usr/sbin/nologin etcd
chroot "$root" useradd --key UID_MIN=500 --uid 500 --create-home --shell /bin/bash --groups sudo,docker --password '*' core
mkdir -p "$root/opt/bin" "$root/etc/flatcar"

# Docker starts at the first connection to its socket, one sshd for each connection.
systemctl --root="$root" --quiet disable docker.service ssh.service locksmithd.service
systemctl --root="$root" --quiet enable docker.socket sshd.socket containerd.service update-engine.service \
  update-engine-boot.service kubelet-config.service systemd-networkd.service exoscale-ssh-key.service exoscale-cloudinit.service
# Debian's own units for sshd.
systemctl --root="$root" --quiet mask ssh.service ssh.socket
# Booting does not wait for private networks.
systemctl --root="$root" --quiet disable systemd-networkd-wait-online.service systemd-network-generator.service
# There is no screen, and the disk, the clock, the audit trail and packages are not the machine's to manage.
systemctl --root="$root" --quiet mask getty.target console-getty.service systemd-timesyncd.service systemd-journald-audit.socket \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
systemctl --root="$root" --quiet set-default multi-user.target

# Every machine generates its own; the build host's must not remain.
: >"$root/etc/machine-id"
: >"$root/etc/hostname"
: >"$root/etc/resolv.conf"
rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id"
# Left over from apt and this build.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/* "$root"/tmp/* "$root"/var/lib/systemd/random-seed
