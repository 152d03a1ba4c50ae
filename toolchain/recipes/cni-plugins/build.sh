#!/bin/sh
# The CNI plugins a node's network configuration names, as upstream packs them: all files at the archive's root.
# Upstream's archive has a dozen more (dhcp, macvlan, vlan, ...).
set -eu
module=github.com/containernetworking/plugins
mkdir plugins
for plugin in main/bridge main/loopback main/ptp ipam/host-local meta/portmap meta/firewall meta/bandwidth meta/tuning; do
	go build -trimpath -ldflags "-s -w -X $module/pkg/utils/buildversion.BuildVersion=$VERSION" \
		-o "plugins/${plugin#*/}" "$module/plugins/$plugin"
done
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --directory=plugins . |
	gzip --no-name >"$OUT/cni-plugins-linux-amd64-$VERSION.tgz"
