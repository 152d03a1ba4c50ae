#!/bin/sh
set -eu
module=github.com/containerd/containerd/v2
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X $module/version.Version=$VERSION" -o "$OUT/" \
	$module/cmd/containerd $module/cmd/containerd-shim-runc-v2 $module/cmd/ctr
