#!/bin/sh
# CoreOS' last locksmith (Flatcar's fork is not in the Go module proxy); one type is an interface in the newer godbus.
# locksmithd is the same program under another name. cgo: the daemon reads utmp.
set -eu
. ./source.sh
source_of github.com/coreos/locksmith "$VERSION" h1:yd/7pCRpnmXd1EA9AVbNtMIo5wCxSlRCPzP8wzZEW9Q= src
sed -i 's/object \*dbus\.Object/object dbus.BusObject/' src/updateengine/client.go
echo 'module github.com/coreos/locksmith' >src/go.mod
CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo -ldflags "-s -w -extldflags -static" -o "$OUT/locksmithctl" github.com/coreos/locksmith/locksmithctl
