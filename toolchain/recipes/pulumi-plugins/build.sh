#!/bin/sh
# build.sh NAME: one of the plugins tls, random (bridged/: the Terraform providers behind Pulumi's own bridge) and
# command (command/: own code on pulumi-go-provider). The official plugins' modules are not in the Go module proxy.
set -eu
version=${VERSION#v}
case $1 in
command)
	cd command
	go build -trimpath -ldflags "-s -w -X main.Version=$version" -o "$OUT/pulumi-resource-command" .
	;;
*)
	cd bridged
	go run -trimpath "./tfgen-$1" schema --skip-docs --skip-examples --out "pulumi-resource-$1" >/dev/null
	go build -trimpath -ldflags "-s -w -X toolchain/bridged/$1.Version=$version" \
		-o "$OUT/pulumi-resource-$1" "./pulumi-resource-$1"
	;;
esac
