#!/bin/sh
# build.sh NAME: one of the plugins tls (Terraform's provider behind Pulumi's own bridge) and command (own code on
# pulumi-go-provider). The official plugins' modules are not in the Go module proxy.
set -eu
version=${VERSION#v}
case $1 in
command)
	cd command
	go build -trimpath -ldflags "-s -w -X main.Version=$version" -o "$OUT/pulumi-resource-command" .
	;;
tls)
	cd tls
	go run -trimpath ./tfgen schema --skip-docs --skip-examples --out pulumi-resource-tls >/dev/null
	go build -trimpath -ldflags "-s -w -X toolchain/tls.Version=$version" -o "$OUT/pulumi-resource-tls" ./pulumi-resource-tls
	;;
esac
