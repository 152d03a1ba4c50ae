#!/bin/bash
# build.sh OUTDIR BINDIR: makes OUTDIR/rootfs.tar and OUTDIR/MD5SUMS, the node image that stands in for Flatcar.
#
# BINDIR has what Debian does not package: coreos-cloudinit, locksmithctl, and update-engine (built from update-engine/
# here with `CGO_ENABLED=0 go build -trimpath -ldflags "-s -w"`).
# Needs root, mmdebstrap and a Debian mirror; takes a minute or two. The same packages give the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTDIR BINDIR}
bin=$(cd "${2:?usage: build.sh OUTDIR BINDIR}" && pwd)
for name in coreos-cloudinit locksmithctl update-engine; do
  [ -x "$bin/$name" ] || { echo "build.sh: $bin/$name is missing" >&2; exit 1; }
done

packages=(
  # a machine that boots, has a bus and a login manager, and knows its own name
  systemd systemd-sysv dbus libpam-systemd libnss-myhostname tzdata
  # that people and pulumi reach
  openssh-server sudo
  # what Flatcar has for containers; both unpack images with pigz where it is there
  docker.io containerd runc pigz
  # the network tools that kubelet, kube-proxy, flannel and their operators expect on a node
  iproute2 iptables nftables conntrack ipset ethtool socat iputils-ping
  # tools that Flatcar has and scripts rely on
  ca-certificates curl jq procps
)
excluded=(
  # nobody reads on a node
  '/usr/share/man/*' '/usr/share/doc/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/lintian/*'
  # test programs of docker's, and shims for an interface that containerd 1.6 no longer uses: 45 MB
  /usr/bin/dnet /usr/bin/ovrouter /usr/bin/containerd-shim /usr/bin/containerd-shim-runc-v1
)
options=(
  --variant=minbase --format=tar --components=main
  --include="$(IFS=,; echo "${packages[*]}")"
  --aptopt='APT::Install-Recommends "false"'
  "${excluded[@]/#/--dpkgopt=path-exclude=}"
  # Otherwise the merger of / and /usr is done by a package that needs all of perl.
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
  --customize-hook="'$here/customize.sh' '$here/files' '$bin' \"\$1\""
)

# Not a package's own date, only an upper bound for every file's: what makes two builds equal.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}
mkdir -p "$out"
partial=$out/rootfs.tar.partial log=$out/build.log
trap 'rm -f "$partial"' EXIT
if ! mmdebstrap "${options[@]}" bookworm "$partial" >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "build.sh: mmdebstrap failed; all it said is in $log" >&2
  exit 1
fi
rm "$log"
mv "$partial" "$out/rootfs.tar"
(cd "$out" && md5sum rootfs.tar >MD5SUMS.partial && mv MD5SUMS.partial MD5SUMS)
