#!/bin/bash
# build.sh OUTDIR BINDIR: builds OUTDIR/rootfs.tar and OUTDIR/MD5SUMS, the node image that stands in for Flatcar.
#
# BINDIR holds what Debian does not package: coreos-cloudinit, locksmithctl, update-engine (built from update-engine/ with
# `CGO_ENABLED=0 go build -trimpath -ldflags "-s -w"`), and containerd 2, which Flatcar has, with its shim and ctr.
# Needs root, mmdebstrap and a Debian mirror; takes one to two minutes. The same packages give the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTDIR BINDIR}
bin=$(cd "${2:?usage: build.sh OUTDIR BINDIR}" && pwd)
for name in coreos-cloudinit locksmithctl update-engine containerd containerd-shim-runc-v2 ctr; do
  [ -x "$bin/$name" ] || { echo "build.sh: $bin/$name is missing" >&2; exit 1; }
done

packages=(
  # boot, D-Bus, login manager, resolving its own host name
  systemd systemd-sysv dbus libpam-systemd libnss-myhostname tzdata
  # access for people and Pulumi
  openssh-server sudo
  # containers, as on Flatcar; docker and containerd unpack images with pigz if it is installed
  docker.io containerd runc pigz
  # network tools that kubelet, kube-proxy, flannel and operators expect on a node
  iproute2 iptables nftables conntrack ipset ethtool socat iputils-ping
  # tools that scripts expect from Flatcar
  ca-certificates curl jq procps
)
excluded=(
  # documentation and translations
  '/usr/share/man/*' '/usr/share/doc/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/lintian/*'
  # Docker's test programs, and containerd 1.6, of whose package only the unit is used
  /usr/bin/dnet /usr/bin/ovrouter '/usr/bin/containerd*' /usr/bin/ctr
)
options=(
  --variant=minbase --format=tar --components=main
  --include="$(IFS=,; echo "${packages[*]}")"
  --aptopt='APT::Install-Recommends "false"'
  "${excluded[@]/#/--dpkgopt=path-exclude=}"
  # Without the hook, / and /usr are merged by a package that depends on all of perl.
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
  --customize-hook="'$here/customize.sh' '$here/files' '$bin' \"\$1\""
)

# An upper bound for the modification time of every file, so that two builds are equal.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}
mkdir -p "$out"
partial=$out/rootfs.tar.partial log=$out/build.log
trap 'rm -f "$partial"' EXIT
if ! mmdebstrap "${options[@]}" bookworm "$partial" >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "build.sh: mmdebstrap failed; its whole output is in $log" >&2
  exit 1
fi
rm "$log"
mv "$partial" "$out/rootfs.tar"
(cd "$out" && md5sum rootfs.tar >MD5SUMS.partial && mv MD5SUMS.partial MD5SUMS)
