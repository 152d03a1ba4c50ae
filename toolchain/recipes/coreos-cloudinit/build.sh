#!/bin/sh
# CoreOS' last coreos-cloudinit (Flatcar's fork is not in the Go module proxy). Not in the proxy either, hence replaced:
# the go-systemd of 2014 (a newer one, three call signatures adapted), dotcloud/docker/pkg/netlink (shim/ has the one
# function that is used), tarm/goserial (tarm/serial, the same API), and the VMware data source (upstream's own stub
# for other architectures).
set -eu
. ./source.sh
source_of github.com/coreos/coreos-cloudinit "$VERSION" h1:3bQRJaie3QC8EovAVbxiimLQgdxM6DxP1vJfUCEEl9w= src
echo 'module github.com/coreos/coreos-cloudinit' >src/go.mod
rm src/datasource/vmware/vmware_amd64.go
sed -i '/+build !amd64/d' src/datasource/vmware/vmware_unsupported.go
sed -i \
	-e 's/var fn func(string, string) (string, error)/var fn func(string, string, chan<- string) (int, error)/' \
	-e 's|return fn(u.Name, "replace")|ch := make(chan string, 1)\n\tif _, err := fn(u.Name, "replace", ch); err != nil {\n\t\treturn "", err\n\t}\n\treturn <-ch, nil|' \
	-e 's/conn.StartTransientUnit(name, "replace", props...)/conn.StartTransientUnit(name, "replace", props, nil)/' \
	src/system/systemd.go
go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o "$OUT/coreos-cloudinit" github.com/coreos/coreos-cloudinit
